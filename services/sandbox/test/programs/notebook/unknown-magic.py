# from: magics of extensions
# status: error
# error: ^UsageError: Line magic %sql is not known here\. There are: cd, 

%sql select 1
