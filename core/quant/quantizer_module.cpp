// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/quantizer_module.h"

#include "core/error.h"

#include <dlfcn.h>

#include <cstdlib>

namespace bwla {
namespace {

constexpr const char* moduleName = "libbwla_quantizer.so";

Error cannotLoad() {
    const char* reason = dlerror();
    return Error(ErrorCode::backend)
        .because(std::string("the quantizer could not be loaded (") +
                 (reason != nullptr ? reason : moduleName) + "); install the program again");
}

/// What the module's function of this name makes.
template<class Work>
std::unique_ptr<Work> made(const std::filesystem::path& module, const char* function) {
    void* handle = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        throw cannotLoad();
    void* symbol = dlsym(handle, function);
    if (symbol == nullptr)
        throw cannotLoad();
    return std::unique_ptr<Work>(reinterpret_cast<Work* (*)()>(symbol)());
}

} // namespace

void shortenBarrierSpins() {
    if (std::getenv("OMP_WAIT_POLICY") == nullptr)
        setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0);
}

std::filesystem::path quantizerModulePath() {
    std::error_code ignored;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    const auto beside = folder / moduleName;
    if (std::filesystem::exists(beside, ignored))
        return beside;
    return folder.parent_path() / "lib" / "bwla-studio" / moduleName;
}

std::unique_ptr<QuantizeJob> loadQuantizeJob(const std::filesystem::path& module) {
    return made<QuantizeJob>(module, "bwlaNewQuantizeJob");
}

std::unique_ptr<TrainingCheckJob> loadTrainingCheck(const std::filesystem::path& module) {
    return made<TrainingCheckJob>(module, "bwlaNewTrainingCheck");
}

std::unique_ptr<BlockBenchJob> loadBlockBench(const std::filesystem::path& module) {
    return made<BlockBenchJob>(module, "bwlaNewBlockBench");
}

} // namespace bwla
