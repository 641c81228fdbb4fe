"""From the model's raw probability to one that means a share of leads, and how sure that is."""

from leadmart.scoring.models.calibration.choice import fit_calibration
from leadmart.scoring.models.calibration.odds import logit, sigmoid
from leadmart.scoring.models.calibration.value import Calibration

__all__ = ["Calibration", "fit_calibration", "logit", "sigmoid"]
