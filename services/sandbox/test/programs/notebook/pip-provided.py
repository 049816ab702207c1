# from: notebook habit; what is there is said to be there
# needs: pandas
# stdout: ^Requirement already satisfied: pandas \(.*\)\n$

!pip install pandas
