"""IntroVAC: introspective variational classifiers (Maggipinto et al., 2020)."""
