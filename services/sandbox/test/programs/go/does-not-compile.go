// from: a mistake that the compiler finds
// status: error
// stderr: main\.go:\d+:\d+: undefined: x

package main

func main() {
	println(x)
}
