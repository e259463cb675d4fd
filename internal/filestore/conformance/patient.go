package conformance

import (
	"errors"

	"csbackup/internal/filestore"
)

// Patient returns a store that tries again, as its callers do later, what another program stands in the way of.
func Patient(inner filestore.Store) filestore.Store { return patient{inner} }

type patient struct{ filestore.Store }

func (p patient) Open(name string) (filestore.Reader, error) { return again(name, p.Store.Open) }

func (p patient) Create(name string) (filestore.Writer, error) { return again(name, p.Store.Create) }

func (p patient) Append(name string) (filestore.Writer, error) { return again(name, p.Store.Append) }

func (p patient) Publish(from, to string) error {
	return againDo(func() error { return p.Store.Publish(from, to) })
}

func (p patient) Exchange(from, to, aside string) error {
	return againDo(func() error { return p.Store.Exchange(from, to, aside) })
}

func (p patient) Rights(name, as string, withheld uint32) error {
	return againDo(func() error { return p.Store.Rights(name, as, withheld) })
}

func (p patient) Remove(name string) error {
	return againDo(func() error { return p.Store.Remove(name) })
}

func again[T any](name string, do func(string) (T, error)) (result T, err error) {
	err = againDo(func() error {
		result, err = do(name)
		return err
	})
	return result, err
}

// againDo tries a few times: what is held for good is an answer.
func againDo(do func() error) (err error) {
	for range 10 {
		if err = do(); !errors.Is(err, filestore.ErrLocked) {
			return err
		}
	}
	return err
}
