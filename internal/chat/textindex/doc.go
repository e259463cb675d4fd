// Package textindex finds messages by their words: it cuts text into words, and makes an index of the words
// of any number of texts in bounded memory.
//
// # Words
//
// A word is a run of letters and digits, in lower case and without accents and other marks: of "Grüße, Zoë!"
// these are "gruße" and "zoe". Scripts that put no spaces between words (Han, kana, Thai, Lao, Khmer,
// Burmese) are cut into overlapping pairs of characters, and the last character of a run by itself, so that
// each part of a run of two characters or more is found by its pairs, and a single character by what begins
// with it. A word has at most 40 characters; the rest of a longer one is not indexed.
//
// # The index
//
// Texts have numbers, which grow. A Builder takes the words of one text after the other; once they fill its
// memory it sorts them into a temporary file, and in the end merges these files, word by word. It owns those
// files and removes them.
//
// It imports nothing of the project.
package textindex
