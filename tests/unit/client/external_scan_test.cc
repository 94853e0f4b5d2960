#include "client/files/external_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/client/wire_bytes.h"

namespace smelt::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Locations(const std::string& model) {
  const ExternalScan scan = ScanExternalData(Bytes(model));
  EXPECT_TRUE(scan.well_formed);
  return scan.locations;
}

TEST(ExternalScan, FindsInitializersSortedAndOnce) {
  const std::string graph = BytesField(5, ExternalTensor("b.bin")) +
                            BytesField(5, ExternalTensor("a/x.bin")) +
                            BytesField(5, ExternalTensor("b.bin"));
  EXPECT_THAT(Locations(Model(graph)), ElementsAre("a/x.bin", "b.bin"));
}

TEST(ExternalScan, FindsTensorsInAttributes) {
  const std::string one = BytesField(1, "value") + BytesField(5, ExternalTensor("t"));
  const std::string list = BytesField(1, "values") + BytesField(10, ExternalTensor("ts"));
  const std::string node = BytesField(5, one) + BytesField(5, list);
  EXPECT_THAT(Locations(Model(BytesField(1, node))), ElementsAre("t", "ts"));
}

TEST(ExternalScan, FindsTensorsInNestedGraphs) {
  const std::string inner = BytesField(5, ExternalTensor("inner"));
  const std::string branch = BytesField(6, inner);
  const std::string branches = BytesField(11, BytesField(1, BytesField(5, branch)));
  const std::string graph = BytesField(1, BytesField(5, branches));
  EXPECT_THAT(Locations(Model(graph)), ElementsAre("inner"));
}

TEST(ExternalScan, FindsSparseInitializersAndFunctions) {
  const std::string sparse =
      BytesField(1, ExternalTensor("values")) + BytesField(2, ExternalTensor("indices"));
  const std::string attribute = BytesField(5, ExternalTensor("function"));
  const std::string function = BytesField(7, BytesField(5, attribute));
  const std::string model = Model(BytesField(15, sparse)) + BytesField(25, function);
  EXPECT_THAT(Locations(model), ElementsAre("function", "indices", "values"));
}

TEST(ExternalScan, LocationWithoutExternalFlagIsIgnored) {
  const std::string entry = BytesField(1, "location") + BytesField(2, "w.bin");
  const std::string graph = BytesField(5, BytesField(13, entry) + VarintField(14, 0)) +
                            BytesField(5, BytesField(13, entry));
  EXPECT_THAT(Locations(Model(graph)), IsEmpty());
}

TEST(ExternalScan, PayloadsThatLookLikeTensorsAreNotRead) {
  const std::string raw = BytesField(9, BytesField(5, ExternalTensor("trap")));
  EXPECT_THAT(Locations(Model(BytesField(5, raw))), IsEmpty());
}

TEST(ExternalScan, EmptyFileIsWellFormedAndNamesNothing) { EXPECT_THAT(Locations(""), IsEmpty()); }

TEST(ExternalScan, EveryTruncationIsSafeAndNeverInventsALocation) {
  const std::string whole = Model(BytesField(5, ExternalTensor("weights.bin")) +
                                  BytesField(1, BytesField(5, BytesField(6, ""))));
  ASSERT_THAT(Locations(whole), ElementsAre("weights.bin"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of exactly this size, so that a sanitizer sees a read past its end.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const ExternalScan scan = ScanExternalData(std::as_bytes(std::span(cut)));
    EXPECT_THAT(scan.locations, IsEmpty()) << size;
  }
}

TEST(ExternalScan, EveryFlippedByteIsSafe) {
  const std::string whole = Model(BytesField(5, ExternalTensor("weights.bin")));
  std::size_t still_found = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      const ExternalScan scan = ScanExternalData(Bytes(damaged));
      if (!scan.well_formed) {
        EXPECT_THAT(scan.locations, IsEmpty());
      }
      if (scan.locations == std::vector<std::string>{"weights.bin"}) ++still_found;
    }
  }
  EXPECT_GT(still_found, 0u);                // damage to the tensor's name, for instance
  EXPECT_LT(still_found, 3 * whole.size());  // damage to the structure
}

TEST(ExternalScan, RandomBytesAreSafe) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> byte(0, 255);
  std::size_t malformed = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes(static_cast<std::size_t>(round % 97), '\0');
    for (char& c : bytes) c = static_cast<char>(byte(random));
    if (!ScanExternalData(Bytes(bytes)).well_formed) ++malformed;
  }
  EXPECT_GT(malformed, 4000u);
}

TEST(ExternalScan, LengthPastTheEndIsMalformed) {
  EXPECT_FALSE(ScanExternalData(Bytes(std::string("\x3a\x7f") + "x")).well_formed);
  const std::string huge = std::string("\x3a") + Varint(~std::uint64_t{0});
  EXPECT_FALSE(ScanExternalData(Bytes(huge)).well_formed);
}

TEST(ExternalScan, UnendingVarintAndBadTagsAreMalformed) {
  EXPECT_FALSE(ScanExternalData(Bytes(std::string(11, '\xff'))).well_formed);
  EXPECT_FALSE(ScanExternalData(Bytes(std::string("\x00\x00", 2))).well_formed);  // field 0
  EXPECT_FALSE(ScanExternalData(Bytes("\x0b")).well_formed);                      // a group
  EXPECT_FALSE(ScanExternalData(Bytes("\x0f")).well_formed);                      // wire type 7
}

TEST(ExternalScan, FiveThousandNestedGraphsAreLeftToTheDaemon) {
  std::string graph = BytesField(5, ExternalTensor("deep"));
  for (int depth = 0; depth < 5000; ++depth) {
    graph = BytesField(1, BytesField(5, BytesField(6, graph)));
  }
  const ExternalScan scan = ScanExternalData(Bytes(Model(graph)));
  EXPECT_FALSE(scan.well_formed);
  EXPECT_THAT(scan.locations, IsEmpty());
}

TEST(ExternalScan, HundredNestedGraphsAreRead) {
  std::string graph = BytesField(5, ExternalTensor("deep"));
  for (int depth = 0; depth < 100; ++depth) {
    graph = BytesField(1, BytesField(5, BytesField(6, graph)));
  }
  EXPECT_THAT(Locations(Model(graph)), ElementsAre("deep"));
}

TEST(ExternalScan, TextIsNotAModel) {
  const std::string text = "#!/bin/sh\necho this is no model\n";
  EXPECT_THAT(ScanExternalData(Bytes(text)).locations, IsEmpty());
}

}  // namespace
}  // namespace smelt::client
