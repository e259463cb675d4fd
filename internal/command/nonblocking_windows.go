package command

// nonBlocking has no meaning on Windows, whose folders hold no pipes.
const nonBlocking = 0
