# from: results as one archive
# stdout: data/a.csv
# artifacts: data/a.csv text/csv, data.tar.gz application/gzip 100

mkdir data
seq 1 10 | paste -sd, > data/a.csv
tar -czf data.tar.gz data
tar -tzf data.tar.gz
