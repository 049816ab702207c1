# from: modules that models make up
# status: error
# error: ^ModuleNotFoundError: No module named 'leftpadded'\. No well-known package has it

import leftpadded.parts
