// ArrayReader: the elements of one array of a file, in row-major order, one part after another.
//
// A part of a mapped file or of a compressed one takes the memory of that part alone; an array in
// Fortran order is held as a whole. Errors are kCalibrationDataInvalid and kUnsupportedType. Any
// bytes may come in. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/calibrate/byte_stream.h"
#include "core/calibrate/npy.h"
#include "core/interp/tensor.h"

namespace smelt::calibrate {

class ArrayReader {
 public:
  // An NPY file, or an NPZ file's entry of that name ("x.npy").
  static Result<ArrayReader> OpenNpy(const SharedBytes& file);
  static Result<ArrayReader> OpenNpz(const SharedBytes& file, const std::string& entry);
  // Little-endian elements without a header, as many as the file has whole ones.
  static Result<ArrayReader> OpenRaw(const SharedBytes& file, ir::DType dtype);

  // Of a raw file, one axis.
  const ArrayHeader& header() const { return header_; }
  // The next `count` elements, of one axis. Requires that there are as many.
  Result<interp::Tensor> Read(std::int64_t count);

 private:
  ArrayReader(std::unique_ptr<ByteStream> stream, ArrayHeader header)
      : stream_(std::move(stream)), header_(std::move(header)) {}
  static Result<ArrayReader> OpenStream(std::unique_ptr<ByteStream> stream);
  Result<interp::Tensor> ReadStored(std::int64_t count);
  Status MakeRowMajor();

  std::unique_ptr<ByteStream> stream_;
  ArrayHeader header_;
  std::int64_t read_ = 0;  // elements
};

// The entries of an NPZ file that hold arrays.
struct NpzEntry {
  std::string key;    // as NumPy names it: without ".npy"
  std::string entry;  // for OpenNpz
};
Result<std::vector<NpzEntry>> ListNpz(const SharedBytes& file);

}  // namespace smelt::calibrate
