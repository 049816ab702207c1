// expect: error
const x: = <<<;
type = enum namespace;
