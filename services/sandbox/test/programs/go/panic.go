// from: an index out of range
// status: error
// stderr: index out of range

package main

import "os"

func main() {
	println(os.Args[len(os.Args)])
}
