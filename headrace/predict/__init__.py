"""From columns to scores: the same code in training and in serving."""

from headrace.predict.encoder import Encoder
from headrace.predict.errors import EncodingError, ModelOutputError, PredictError
from headrace.predict.predictor import Predictor

__all__ = ["Encoder", "EncodingError", "ModelOutputError", "PredictError", "Predictor"]
