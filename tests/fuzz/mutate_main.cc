// Drives a fuzz target without libFuzzer: the given files as they are, then seeded mutations of
// them, or seeded noise where no file is given. The same arguments try the same inputs.
//
//   fuzz_TARGET [--mutations N] [--seed N] [FILE...]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "can't read %s\n", path.c_str());
    std::exit(2);
  }
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::size_t Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  // For targets that take their bytes for choices.
  Bytes Noise() {
    Bytes bytes(64 + Below(192));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(Below(256));
    return bytes;
  }

  // One to eight edits: flipped bits, interesting values, cut and repeated ranges.
  void Mutate(Bytes& bytes) {
    for (std::size_t edits = 1 + Below(8); edits > 0; --edits) Edit(bytes);
  }

 private:
  void Edit(Bytes& bytes) {
    static constexpr std::uint8_t kInteresting[] = {0, 1, 0x7F, 0x80, 0xFF, 0x08, 0x0A, 0x12};
    const std::size_t at = Below(bytes.size());
    switch (Below(5)) {
      case 0:
        if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1U << Below(8));
        return;
      case 1:
        if (!bytes.empty()) bytes[at] = kInteresting[Below(std::size(kInteresting))];
        return;
      case 2:
        bytes.resize(at);
        return;
      case 3: {
        const std::size_t end = at + Below(std::min<std::size_t>(bytes.size() - at, 64));
        bytes.erase(Place(bytes, at), Place(bytes, end));
        return;
      }
      default: {
        const std::size_t end = at + Below(std::min<std::size_t>(bytes.size() - at, 64));
        const Bytes copy(Place(bytes, at), Place(bytes, end));
        bytes.insert(Place(bytes, Below(bytes.size())), copy.begin(), copy.end());
      }
    }
  }

  static Bytes::iterator Place(Bytes& bytes, std::size_t at) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(at);
  }

  std::mt19937 random_;
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t mutations = 1000;
  std::uint32_t seed = 1;
  std::vector<Bytes> corpus;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--mutations" && i + 1 < argc) {
      mutations = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = static_cast<std::uint32_t>(std::strtoul(argv[++i], nullptr, 10));
    } else {
      corpus.push_back(ReadFile(argument));
    }
  }
  Mutator mutator(seed);
  for (const Bytes& bytes : corpus) LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  for (std::size_t i = 0; i < mutations; ++i) {
    Bytes bytes = corpus.empty() ? mutator.Noise() : corpus[i % corpus.size()];
    if (!corpus.empty()) mutator.Mutate(bytes);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%zu inputs\n", corpus.size() + mutations);
  return 0;
}
