"""What any team could do with the same rows: means, item-item CF, TF-IDF, logistic regression, LightGBM."""
