package archive_test

import (
	"bytes"
	"context"
	"testing"

	"csbackup/internal/chat/archive"
	"csbackup/internal/chat/schema"
)

// References that lead nowhere travel and are counted: those to a table that is there, and, where everything
// travelled, those to one without rows.
func TestReferencesThatLeadNowhereAreCounted(t *testing.T) {
	for _, row := range []struct {
		level      string
		attributes bool
		want       int64
	}{{"All", true, 2}, {"Category", true, 2}, {"All", false, 3}, {"Category", false, 0}} {
		var b bytes.Buffer
		w := archive.NewWriter(&b, archive.About{Source: "sqlite:a.db", Database: "mgc", Schema: schema.Chat, Level: row.level})
		var steps []error
		if row.attributes {
			steps = append(steps, w.Table("tblEnumAttribute"), w.Row([]any{int64(1), "a"}))
		}
		steps = append(steps, w.Table("tblEnumValue"), w.Row([]any{int64(1), int64(1), "v"}), w.Row([]any{int64(2), int64(2), "v"}), w.Row([]any{int64(3), int64(3), "v"}))
		for i, err := range steps {
			if err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		a, err := archive.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), "a.zip")
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Verify(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, d := range s.Dangling {
			if d.Table != "tblEnumValue" || d.Column != "attributeID" || d.Target != "tblEnumAttribute" {
				t.Errorf("%+v: %+v leads nowhere", row, d)
			}
			rows += d.Rows
		}
		if rows != row.want {
			t.Errorf("%+v: %d rows lead nowhere", row, rows)
		}
	}
}
