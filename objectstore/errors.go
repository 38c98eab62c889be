package objectstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// Errors of stores, besides fs.ErrNotExist and fs.ErrPermission.
var (
	// ErrPrecondition says that an object is not in the state that was asked for.
	ErrPrecondition = errors.New("another one took its place meanwhile")
	// ErrRefused says that the store did not do what it was asked to, and won't.
	ErrRefused = errors.New("the object store refused it")
	// ErrRange says that an object has no such bytes.
	ErrRange = errors.New("it has no such bytes")
	// ErrNoBucket says that there is no bucket of the name; it is fs.ErrNotExist, too.
	ErrNoBucket = errors.New("there is no such bucket")
)

// storeError is what an object store answered, said with what it was asked for.
type storeError struct {
	what string // the bucket or the object
	text string
	err  error
}

func (e *storeError) Error() string { return e.what + ": " + e.text }

func (e *storeError) Unwrap() error { return e.err }

// Is makes what the store says comparable with the errors above, and those of files.
func (e *storeError) Is(target error) bool {
	response, _ := errors.AsType[minio.ErrorResponse](e.err)
	switch target {
	case fs.ErrNotExist:
		return response.StatusCode == http.StatusNotFound
	case fs.ErrPermission:
		return response.StatusCode == http.StatusForbidden
	case ErrPrecondition:
		return response.StatusCode == http.StatusPreconditionFailed
	case ErrRefused:
		return response.StatusCode >= 400 && response.StatusCode < 500
	case ErrRange:
		return response.Code == minio.InvalidRange
	case ErrNoBucket:
		return response.Code == minio.NoSuchBucket
	}
	return false
}

// isConflict tells whether a conditional write failed as others wrote too: AWS
// says so with 409 where two are under way, and with 404 where the object that
// was to have an ETag is gone.
func isConflict(err error) bool {
	e, ok := errors.AsType[*storeError](err)
	response, _ := errors.AsType[minio.ErrorResponse](err)
	return ok && (e.Is(ErrPrecondition) || response.StatusCode == http.StatusConflict || response.Code == minio.NoSuchKey)
}

// explanations are what errors of a store mean to its user. Source: Amazon S3
// API Reference, Error responses.
var explanations = map[string]string{
	minio.NoSuchBucket:       ErrNoBucket.Error(),
	minio.NoSuchKey:          "there is no such object",
	minio.AccessDenied:       "access is denied: the credentials that were found do not allow it, or there were none",
	minio.PreconditionFailed: ErrPrecondition.Error(),
	"RequestTimeTooSkewed":   "the clocks of this machine and of the object store differ too much: set this one's",
	"InvalidAccessKeyId":     "the object store does not know the access key",
	"SignatureDoesNotMatch":  "the secret key does not belong to the access key",
	"InvalidObjectState":     "the object is archived in a slow storage class and must be restored first",
}

// explain says what failed, and why where the store told. Errors of the network
// stay what they are; only that the end of a connection is not that of an archive.
func explain(err error, what string) error {
	response, ok := errors.AsType[minio.ErrorResponse](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %v", what, err)
	case !ok:
		return fmt.Errorf("%s: %w", what, err)
	}
	text, known := explanations[response.Code]
	switch {
	case known:
		text = fmt.Sprintf("%s (%s)", text, response.Code)
	case response.Code == "" || response.Message == "":
		text = fmt.Sprintf("the object store answers %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	default:
		text = fmt.Sprintf("%s (%s)", response.Message, response.Code)
	}
	return &storeError{what, text, err}
}
