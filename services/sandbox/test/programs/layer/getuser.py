# from: programs that sign their reports
# result: 'sandbox'

import getpass

getpass.getuser()
