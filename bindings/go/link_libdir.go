//go:build aigc_libdir

package aigc

// #cgo LDFLAGS: -laigc
import "C"
