"""Models that any team could build from the same rows: means, item-item CF, TF-IDF, logistic regression, LightGBM."""
