//go:build !aigc_libdir

package aigc

// #cgo pkg-config: aigc
import "C"
