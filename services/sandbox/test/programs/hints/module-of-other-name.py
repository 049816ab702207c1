# from: LLM code (cv2, PIL, sklearn, yaml: the package has another name)
# status: error
# error: packages: \["opencv-python-headless"\]
# only: namespaces

import cv2
