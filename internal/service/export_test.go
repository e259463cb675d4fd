package service

// RunOn is Run with what opens the file store.
var RunOn = run
