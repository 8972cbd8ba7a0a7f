"""Signals are caught within training, and as before after it."""

from __future__ import annotations

import signal
import threading

import pytest

from auxgen.engine.signals import StopSignal, catch_signals


def test_the_second_signal_stops_at_once() -> None:
    stop = StopSignal()
    assert not stop.name
    stop.handle_signal(signal.SIGTERM, None)
    assert stop.name == "SIGTERM"
    with pytest.raises(KeyboardInterrupt):
        stop.handle_signal(signal.SIGINT, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_caught_inside_and_as_before_afterwards(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with catch_signals() as stop:
        signal.raise_signal(number)
        assert stop.name == number.name
    assert signal.getsignal(number) is before
    with pytest.raises(RuntimeError, match="inside"), catch_signals():
        raise RuntimeError("inside")
    assert signal.getsignal(number) is before


def test_other_threads_catch_no_signal_and_train_all_the_same() -> None:
    caught: list[object] = []

    def work() -> None:
        with catch_signals() as stop:
            caught.append(stop.name)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == [""]
