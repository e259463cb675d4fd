package transfer

import "iter"

// What the goroutine of ahead gathers before it hands it over.
const (
	aheadValues = 512
	aheadBytes  = 256 << 10
)

// ahead gives what a sequence gives, which runs in a goroutine of its own meanwhile. Size tells about how many
// bytes a value has: with two goroutines at work there are no more in memory than twice aheadBytes and two
// values. What is given belongs to the receiver. The goroutine has ended when ahead's sequence has.
func ahead[T any](values iter.Seq2[T, error], size func(T) int) iter.Seq2[T, error] {
	type batch struct {
		values []T
		err    error // behind the values
	}
	return func(yield func(T, error) bool) {
		batches, stop := make(chan batch), make(chan struct{})
		go func() {
			defer close(batches)
			var one batch
			var other []T // what was handed over last
			bytes := 0
			hand := func() bool {
				select {
				case batches <- one:
					clear(other) // the receiver is through with it, and it serves again
					one, other, bytes = batch{values: other[:0]}, one.values, 0
					return true
				case <-stop:
					return false
				}
			}
			for value, err := range values {
				if err != nil {
					one.err = err
					break
				}
				one.values = append(one.values, value)
				if bytes += size(value); len(one.values) < aheadValues && bytes < aheadBytes {
					continue
				}
				if !hand() {
					return
				}
			}
			hand()
		}()
		defer func() {
			close(stop)
			for range batches {
			}
		}()
		for one := range batches {
			for _, value := range one.values {
				if !yield(value, nil) {
					return
				}
			}
			if one.err != nil {
				var none T
				yield(none, one.err)
				return
			}
		}
	}
}
