#include "core/export/tflite/constant_sharing.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>

namespace smelt::tflite_export {
namespace {

constexpr std::int64_t kBlockElements = std::int64_t{1} << 16;  // even: sub-byte types stay aligned
constexpr std::uint64_t kPrefixBytes = 4096;

// The bytes of elements [begin, begin + count): the storage itself when the view is plain.
class BlockReader {
 public:
  explicit BlockReader(const ir::Constant& constant)
      : constant_(constant),
        plain_(constant.IsPlain() && constant.storage().size() == constant.size_bytes()) {}

  ByteSpan Read(std::int64_t begin, std::int64_t count) {
    const std::uint64_t from =
        ir::StorageBytes(constant_.dtype(), static_cast<std::uint64_t>(begin));
    const std::uint64_t size =
        ir::StorageBytes(constant_.dtype(), static_cast<std::uint64_t>(count));
    if (plain_) return constant_.storage().span().subspan(from, size);
    buffer_.resize(size);
    constant_.Read(begin, count, buffer_.data());
    return buffer_;
  }

 private:
  const ir::Constant& constant_;
  bool plain_;
  std::vector<std::byte> buffer_;
};

std::uint64_t Mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29);
}

std::uint64_t HashBlock(std::uint64_t hash, ByteSpan bytes) {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    hash = Mix(hash, LoadUnaligned<std::uint64_t>(bytes.data() + at));
  }
  std::uint64_t rest = bytes.size();
  for (; at < bytes.size(); ++at) rest = rest << 8 | std::to_integer<std::uint64_t>(bytes[at]);
  return Mix(hash, rest);
}

std::uint64_t PrefixHash(const ir::Constant& constant) {
  const std::int64_t count = std::min(constant.element_count(), std::int64_t{1024});
  BlockReader reader(constant);
  const ByteSpan bytes = reader.Read(0, count);
  ByteSpan prefix = bytes.first(std::min<std::size_t>(bytes.size(), kPrefixBytes));
  return HashBlock(0, prefix);
}

std::uint64_t FullHash(const ir::Constant& constant) {
  BlockReader reader(constant);
  std::uint64_t hash = 0;
  const std::int64_t total = constant.element_count();
  for (std::int64_t at = 0; at < total; at += kBlockElements) {
    hash = HashBlock(hash, reader.Read(at, std::min(kBlockElements, total - at)));
  }
  return hash;
}

// Blocks have the same elements on both sides when the element sizes agree, and ShareEqual only
// compares such.
bool SameBytes(const ir::Constant& a, const ir::Constant& b) {
  if (a.SameView(b)) return true;
  BlockReader left(a);
  BlockReader right(b);
  const std::int64_t total = a.element_count();
  for (std::int64_t at = 0; at < total; at += kBlockElements) {
    const std::int64_t count = std::min(kBlockElements, total - at);
    const ByteSpan x = left.Read(at, count);
    const ByteSpan y = right.Read(at, count);
    if (x.size() != y.size() || std::memcmp(x.data(), y.data(), x.size()) != 0) return false;
  }
  return true;
}

// What equal constants have in common. The full hash is computed only where the rest collides.
struct Candidate {
  std::uint64_t size;
  std::int64_t count;
  std::uint64_t prefix;
  std::uint64_t full;
  std::uint32_t index;
  auto Key() const { return std::tuple(size, count, prefix, full, index); }
  bool Collides(const Candidate& other) const {
    return size == other.size && count == other.count && prefix == other.prefix &&
           full == other.full;
  }
};

// Runs `fill` on every candidate that collides with another one, then restores the order.
template <class Fill>
Status Refine(std::vector<Candidate>& candidates, const CancelToken& cancel, Fill fill) {
  const std::vector<Candidate> before = candidates;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool collides = (i > 0 && before[i].Collides(before[i - 1])) ||
                          (i + 1 < before.size() && before[i].Collides(before[i + 1]));
    if (!collides) continue;
    SMELT_RETURN_IF_ERROR(cancel.Check());
    fill(candidates[i]);
  }
  std::ranges::sort(candidates, {}, &Candidate::Key);
  return Status::Ok();
}

}  // namespace

Status ForEachBlock(const ir::Constant& constant, const std::function<Status(ByteSpan)>& take) {
  BlockReader reader(constant);
  const std::int64_t total = constant.element_count();
  for (std::int64_t at = 0; at < total; at += kBlockElements) {
    SMELT_RETURN_IF_ERROR(take(reader.Read(at, std::min(kBlockElements, total - at))));
  }
  return Status::Ok();
}

Result<std::vector<std::uint32_t>> ShareEqual(std::span<const ir::Constant* const> constants,
                                              const CancelToken& cancel) {
  std::vector<Candidate> candidates;
  for (std::uint32_t i = 0; i < constants.size(); ++i) {
    candidates.push_back({constants[i]->size_bytes(), constants[i]->element_count(), 0, 0, i});
  }
  std::ranges::sort(candidates, {}, &Candidate::Key);
  SMELT_RETURN_IF_ERROR(Refine(candidates, cancel, [&](Candidate& candidate) {
    candidate.prefix = PrefixHash(*constants[candidate.index]);
  }));
  SMELT_RETURN_IF_ERROR(Refine(candidates, cancel, [&](Candidate& candidate) {
    if (candidate.size > kPrefixBytes) candidate.full = FullHash(*constants[candidate.index]);
  }));
  std::vector<std::uint32_t> first(constants.size());
  std::iota(first.begin(), first.end(), 0U);
  std::vector<std::uint32_t> distinct;  // of the run of colliding candidates
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (i == 0 || !candidate.Collides(candidates[i - 1])) distinct.clear();
    const auto same = std::ranges::find_if(distinct, [&](std::uint32_t other) {
      return SameBytes(*constants[other], *constants[candidate.index]);
    });
    if (same != distinct.end()) {
      first[candidate.index] = *same;
    } else {
      distinct.push_back(candidate.index);
    }
  }
  return first;
}

}  // namespace smelt::tflite_export
