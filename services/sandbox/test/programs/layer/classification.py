# from: analysts: scikit-learn is among what code interpreters have
# needs: scikit-learn
# only: namespaces
# result: True
# timeout_ms: 120000

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

X, y = load_iris(return_X_y=True)
bool(cross_val_score(LogisticRegression(max_iter=500), X, y).mean() > 0.9)
