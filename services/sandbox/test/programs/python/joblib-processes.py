# from: scikit-learn's n_jobs, joblib's front page
# only: namespaces
# needs: joblib
# stdout: ^\[0\.0, 1\.0, 2\.0\]\n$
# stderr: ^$

from math import sqrt
from joblib import Parallel, delayed


def root(n):
    return sqrt(n)


print(Parallel(n_jobs=2)(delayed(root)(n * n) for n in range(3)))
