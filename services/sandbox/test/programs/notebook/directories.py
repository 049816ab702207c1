# from: notebook habit (%cd, %pwd, %env)
# stdout: ^/tmp\nenv: MODE=fast\n$
# result: ^\('fast', '/tmp'\)$

%cd /tmp
%env MODE=fast
import os
where = %pwd
os.environ["MODE"], where
