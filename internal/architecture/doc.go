// Package architecture holds tests about the code itself: that every package says what it
// promises, that imports point downward, that files stay short, and that what is documented for
// scripts is true.
//
// It promises nothing at run time and is imported by nobody.
package architecture
