"""The largest values of settings: beyond them, no machine could build or train the model."""

MOST_TOKENS = 1_000_000  # of a vocabulary
MOST_WIDTH = 16_384  # of a hidden state or an embedding
MOST_LAYERS = 512
MOST_STEPS = 10**8
MOST_BATCH_TOKENS = 10**6
MOST_SEED = 10**9  # each step has a seed of its own, made from this one, which torch takes below 2**64
MOST_REQUESTS = 100_000  # written for replay
MOST_RATE = 10.0  # of learning: with normalised steps, a higher rate destroys the weights in the first step
MOST_DECAY = 100.0  # times the learning rate, a step
MOST_NORM = 1e9  # of a gradient: a larger one clips nothing
MOST_WEIGHT = 100.0  # of one loss beside another
SECONDS_A_DAY = 86_400
MOST_TOLERANCE = 1.0  # of a logit: a looser one would let any model pass
