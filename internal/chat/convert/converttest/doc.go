// Package converttest makes archives for the tests of chat/convert and its formats, and holds texts and names that
// targets tend to spoil. It imports chat/archive, chat/convert and chat/schema.
package converttest
