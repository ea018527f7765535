"""scikit-learn's own steps and regressors come back from an archive."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import AdaBoostRegressor, StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import ElasticNetCV, HuberRegressor, Ridge
from sklearn.metrics import make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, QuantileTransformer, StandardScaler
from sklearn.svm import SVR

import sklstm

X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc")).assign(kind=["x", "y"] * 20)
Y = X["a"] + X["b"]
ONE = ("select", StandardScaler(), ["a", "b"])
LOSSES = {"r2": "r2", "mse": make_scorer(mean_squared_error, greater_is_better=False)}
STEPS = [
    ColumnTransformer([ONE, ("code", OneHotEncoder(), ["kind"])], remainder="passthrough"),
    ColumnTransformer([("numbers", PowerTransformer(), make_column_selector(dtype_include=np.number))]),
    FeatureUnion([("few", PCA(2)), ("all", QuantileTransformer(n_quantiles=5))]),
    IterativeImputer(max_iter=2),
    KNNImputer(),
    SelectKBest(f_regression, k=2),
    VotingRegressor([("a", Ridge()), ("b", HuberRegressor())]),
    StackingRegressor([("a", Ridge())]),
    AdaBoostRegressor(Ridge(), n_estimators=2, random_state=np.random.RandomState(0)),
    ElasticNetCV(cv=3),
    SVR(),
    MLPRegressor(hidden_layer_sizes=2, max_iter=3, random_state=0),
    GaussianProcessRegressor(RBF() + WhiteKernel()),
    GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring=LOSSES, refit="mse", cv=KFold(3, shuffle=True, random_state=0)),
    HalvingGridSearchCV(Ridge(), {"alpha": [1, 2]}, random_state=0),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_steps(step, tmp_path):
    """A fitted step transforms or predicts the same after loading, without a name to trust."""
    table = X if isinstance(step, ColumnTransformer) else X.drop(columns="kind")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_pipeline(step).fit(table, Y)
    sklstm.save(fitted, tmp_path / "step.sklstm")
    loaded = sklstm.load(tmp_path / "step.sklstm")
    method = "predict" if hasattr(step, "predict") else "transform"
    np.testing.assert_array_equal(getattr(loaded, method)(table), getattr(fitted, method)(table))
