# from: shell habit
# status: error
# stderr: No such file

ls missing-file
