// from: the smallest program
// stdout: ^3 \{"a":1\}\n$

package main

import (
	"encoding/json"
	"fmt"
)

func main() {
	text, _ := json.Marshal(map[string]int{"a": 1})
	fmt.Println(len([]int{1, 2, 3}), string(text))
}
