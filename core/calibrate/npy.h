// The header of an NPY file, NumPy's format for one array: versions 1.0, 2.0 and 3.0.
//
// Layout: 6 bytes of magic, a byte each of major and minor version, the header's length (u16 before
// 2.0, u32 since; little endian), the header, the elements. The header is a Python dictionary with
// "descr", "fortran_order" and "shape". Any bytes may come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/ir/dtype.h"

namespace smelt::calibrate {

// What is known of an array before its elements are read.
struct ArrayHeader {
  ir::DType dtype = ir::DType::kF32;  // bool, integers of 8 to 64 bits, f16, f32, f64
  bool big_endian = false;
  bool fortran_order = false;  // the first axis is the fastest
  std::vector<std::int64_t> shape;
  // Bytes of the elements; fits, since it is less than 2^63.
  std::uint64_t data_bytes = 0;
  std::int64_t element_count() const;
};

// Of the first 12 bytes of a file, or all of a shorter one.
bool IsNpy(ByteSpan begin);

inline constexpr std::size_t kNpyPrefixBytes = 12;
// How many bytes stand before the elements, from the file's first kNpyPrefixBytes, or all of a
// shorter one. kCalibrationDataInvalid, also for a header of more than 64 KiB.
Result<std::size_t> NpyHeaderBytes(ByteSpan prefix);

// The header, from all bytes before the elements. kCalibrationDataInvalid; kUnsupportedType for an
// element type that is none of the above.
Result<ArrayHeader> ParseNpyHeader(ByteSpan header);

// Fills data_bytes. kCalibrationDataInvalid where the sizes are negative or their product is too
// large.
Status CountBytes(ArrayHeader& header);

}  // namespace smelt::calibrate
