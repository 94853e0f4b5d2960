#include "core/calibrate/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace smelt::calibrate {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostHeaderBytes = 65'536;
constexpr std::size_t kMostAxes = 32;

Status Invalid(std::string what) {
  return Status(Reason::kCalibrationDataInvalid, "the NPY header is broken: " + std::move(what));
}

std::string_view Text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Kind {
  std::string_view name;  // without the byte order
  ir::DType dtype;
};
constexpr std::array<Kind, 13> kKinds = {{{"b1", ir::DType::kBool},
                                          {"?", ir::DType::kBool},
                                          {"i1", ir::DType::kI8},
                                          {"i2", ir::DType::kI16},
                                          {"i4", ir::DType::kI32},
                                          {"i8", ir::DType::kI64},
                                          {"u1", ir::DType::kU8},
                                          {"u2", ir::DType::kU16},
                                          {"u4", ir::DType::kU32},
                                          {"u8", ir::DType::kU64},
                                          {"f2", ir::DType::kF16},
                                          {"f4", ir::DType::kF32},
                                          {"f8", ir::DType::kF64}}};

// Reads the dictionary: the few literals of Python that NumPy writes.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : text_(text) {}

  Result<ArrayHeader> Read() {
    if (!Take('{')) return Invalid("it is no dictionary");
    while (!Take('}')) {
      SMELT_RETURN_IF_ERROR(ReadEntry());
      if (Take(',')) continue;
      if (!Take('}')) return Invalid("an entry does not end");
      break;
    }
    SkipSpaces();
    if (at_ != text_.size()) return Invalid("something stands behind the dictionary");
    if (!has_type_ || !has_order_ || !has_shape_) {
      return Invalid("it must have 'descr', 'fortran_order' and 'shape'");
    }
    return header_;
  }

 private:
  Status ReadEntry() {
    const auto key = TakeString();
    if (!key || !Take(':')) return Invalid("an entry does not begin with its name");
    if (*key == "descr" && !std::exchange(has_type_, true)) return ReadType();
    if (*key == "fortran_order" && !std::exchange(has_order_, true)) return ReadOrder();
    if (*key == "shape" && !std::exchange(has_shape_, true)) return ReadShape();
    return Invalid("an entry is unknown or there twice");
  }

  Status ReadType() {
    const auto type = TakeString();
    if (!type) {
      return Status(Reason::kUnsupportedType, "the array's elements are records",
                    "Save an array of one plain element type.");
    }
    std::string_view kind = *type;
    constexpr std::string_view kOrders = "<>|=";
    if (!kind.empty() && kOrders.find(kind.front()) != std::string_view::npos) {
      header_.big_endian = kind.front() == '>';
      kind.remove_prefix(1);
    }
    const auto* known = std::ranges::find(kKinds, kind, &Kind::name);
    if (known == kKinds.end()) {
      return Status(Reason::kUnsupportedType,
                    "the array's element type is not one of bool, integers of 8 to 64 bits, "
                    "float16, float32 and float64",
                    "Save it as one of these.");
    }
    header_.dtype = known->dtype;
    return Status::Ok();
  }

  Status ReadOrder() {
    const bool yes = TakeWord("True");
    if (!yes && !TakeWord("False")) return Invalid("'fortran_order' is neither True nor False");
    header_.fortran_order = yes;
    return Status::Ok();
  }

  // "()", "(3,)", "(3, 4)"; with the L of old long integers.
  Status ReadShape() {
    if (!Take('(')) return Invalid("'shape' is no tuple");
    while (!Take(')')) {
      SkipSpaces();
      std::int64_t size = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) return Invalid("a size in 'shape' is not possible");
      at_ += static_cast<std::size_t>(end - begin);
      TakeWord("L");
      if (header_.shape.size() == kMostAxes) return Invalid("it has more than 32 axes");
      header_.shape.push_back(size);
      if (Take(',')) continue;
      if (!Take(')')) return Invalid("'shape' does not end");
      break;
    }
    return Status::Ok();
  }

  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool Take(char c) {
    SkipSpaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipSpaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // Without escapes: none of the names and types that are known has any.
  std::optional<std::string_view> TakeString() {
    SkipSpaces();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return std::nullopt;
    const std::size_t begin = at_ + 1;
    const std::size_t end = text_.find(text_[at_], begin);
    if (end == std::string_view::npos) return std::nullopt;
    at_ = end + 1;
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ArrayHeader header_;
  bool has_type_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

}  // namespace

std::int64_t ArrayHeader::element_count() const {
  return static_cast<std::int64_t>(data_bytes /
                                   static_cast<std::uint64_t>(ir::ElementBits(dtype) / 8));
}

bool IsNpy(ByteSpan begin) { return Text(begin).starts_with(kMagic); }

Result<std::size_t> NpyHeaderBytes(ByteSpan prefix) {
  const std::string_view text = Text(prefix);
  if (!text.starts_with(kMagic)) return Invalid("the file is no NPY file");
  if (text.size() < 10) return Invalid("the file is too short");
  const int major = static_cast<unsigned char>(text[6]);
  const int minor = static_cast<unsigned char>(text[7]);
  if (major < 1 || major > 3 || minor != 0) {
    return Status(Reason::kCalibrationDataInvalid, "the NPY version is " + std::to_string(major) +
                                                       "." + std::to_string(minor) +
                                                       "; 1.0, 2.0 and 3.0 are known");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t begin = kMagic.size() + 2;
  if (text.size() < begin + length_bytes) return Invalid("the file is too short");
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) {
    length = length * 256 + static_cast<unsigned char>(text[begin + i]);
  }
  if (length > kMostHeaderBytes) return Invalid("it is longer than 65,536 bytes");
  return begin + length_bytes + length;
}

Result<ArrayHeader> ParseNpyHeader(ByteSpan header) {
  SMELT_ASSIGN_OR_RETURN(const std::size_t bytes,
                         NpyHeaderBytes(header.first(std::min(header.size(), kNpyPrefixBytes))));
  if (header.size() != bytes) return Invalid("the file is too short");
  const std::size_t begin = Text(header)[6] == 1 ? 10 : 12;
  SMELT_ASSIGN_OR_RETURN(ArrayHeader parsed, HeaderText(Text(header).substr(begin)).Read());
  SMELT_RETURN_IF_ERROR(CountBytes(parsed));
  return parsed;
}

Status CountBytes(ArrayHeader& header) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  auto bytes = static_cast<std::uint64_t>(ir::ElementBits(header.dtype) / 8);
  // Also of an empty array: its other sizes are multiplied, too.
  bool empty = false;
  for (const std::int64_t size : header.shape) {
    if (size < 0) return Invalid("a size is negative");
    empty = empty || size == 0;
    const std::uint64_t factor = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(size));
    if (bytes > kMost / factor) return Invalid("the array is too large");
    bytes *= factor;
  }
  header.data_bytes = empty ? 0 : bytes;
  return Status::Ok();
}

}  // namespace smelt::calibrate
