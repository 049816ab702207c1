/**
 * Modules that programs ask for and that cannot be had in WebAssembly here: they are made of machine code, or need
 * some that is. The error of a program that lacks one explains this (runner.py).
 */
export const MISSING_MODULES: readonly string[] = [
  'numpy pandas scipy matplotlib seaborn sklearn statsmodels numba polars pyarrow torch tensorflow jax',
  'keras transformers xgboost lightgbm cv2 skimage PIL lxml h5py netCDF4 shapely geopandas plotnine',
  'cryptography nacl bcrypt grpc orjson pydantic pydantic_core psycopg2 MySQLdb gevent zmq spacy gensim',
  'duckdb tkinter PyQt5 PyQt6 pygame',
].flatMap((names) => names.split(' '));
