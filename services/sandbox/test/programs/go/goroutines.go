// from: what Go is chosen for; standard input
// stdin: 1 2 3 4
// stdout: ^30\n$

package main

import (
	"fmt"
	"sync"
)

func main() {
	var (
		n, sum int
		group  sync.WaitGroup
		lock   sync.Mutex
	)
	for {
		if _, err := fmt.Scan(&n); err != nil {
			break
		}
		group.Add(1)
		go func(n int) {
			defer group.Done()
			lock.Lock()
			sum += n * n
			lock.Unlock()
		}(n)
	}
	group.Wait()
	fmt.Println(sum)
}
