"""Maggipinto, Terzi & Susto (2020), IntroVAC."""

from ..about import About

EXPERIMENTS = {
    "digits": About(
        shows="Directions of digits, a loop and a round top: VAE, VAC and IntroVAC in seconds",
        paper="none: not in the paper",
        ours="a loop and a round top come for all test digits tried; FD of reconstructions 1.12 "
        "(VAC), 2.06 (IntroVAC), 1 seed (results/introvac.digits.json)",
        time="a minute and a half of a CPU core for all models and scores",
    ),
    "eye": About(
        shows="Figures 4 and 8: glasses added to faces, and faces drawn with glasses",
        paper="pictures without numbers",
        ours="at 32 x 32, 60 epochs, 1 seed: glasses come for 100 % (results/introvac.figure4.json)",
        time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
    ),
    "eyefacial": About(
        shows="Table 1, figures 6 and 9: glasses and facial hair added to faces, singly and both",
        paper="FID of reconstructions 63.9 (VAC), 25.5 (IntroVAC), of a set not named",
        ours="at 32 x 32, 60 epochs, 3 seeds: FD of reconstructions 9.3 (VAC), 7.1 (IntroVAC) "
        "(results/introvac.table1.json)",
        time="10 minutes of a CPU core at 32 x 32 (cpu), of the tables' 60 epochs 35; hours on a GPU "
        "(paper), not run yet",
    ),
    "facial": About(
        shows="Figures 5, 7 and 8: facial hair added to faces, VAC beside IntroVAC",
        paper="pictures without numbers",
        ours="at 32 x 32, 60 epochs, 1 seed: facial hair comes for 99 % "
        "(results/introvac.figure5.json)",
        time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
    ),
    "fashion": About(
        shows="Directions of clothes: long sleeves, high shafts; most answers are blank",
        paper="none: not in the paper",
        ours="attributes come for 100 and 99 % of negatives, 1 seed (results/introvac.fashion.json)",
        time="about 5 minutes of a CPU core for all four models",
    ),
    "own": About(
        shows="Your own folder of images, with columns of attributes that may have blanks",
        paper="none: not in the paper",
        ours="yours",
        time="about 10 minutes of a CPU core for 6,000 images at 32 x 32",
    ),
    "plane": About(
        shows="Figure 3: two-dimensional codes of digits, and the direction of having a loop",
        paper="a drawing without numbers",
        ours="error of the attribute 0.74 ± 0.26 % (results/introvac.figure3.json)",
        time="30 s of a CPU core",
    ),
}
TABLES = (
    "digits",
    "draws",
    "equal_effect",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "figure8",
    "figure9",
    "table1",
)
