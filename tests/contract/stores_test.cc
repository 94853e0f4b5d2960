#include "tests/contract/blob_store_contract.h"
#include "tests/contract/job_store_contract.h"
#include "tests/contract/store_factories.h"

namespace smelt::test {

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, JobStoreContract, MemoryStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Local, JobStoreContract, LocalStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, BlobStoreContract, MemoryStores);
INSTANTIATE_TYPED_TEST_SUITE_P(Local, BlobStoreContract, LocalStores);

}  // namespace smelt::test
