// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/folder_scan.h"

#include "core/job/job.h"
#include "core/model/mapped_file.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace bwla {
namespace {

namespace fs = std::filesystem;

/// Deep enough for every layout in use; a tree of links that goes on for ever ends here.
constexpr int deepest = 12;

bool isPart(const std::string& name) {
    return name.find("-of-") != std::string::npos && name.ends_with(".gguf");
}

class Scan {
public:
    Scan(const ScanListener& listener, const std::stop_token& stop)
        : listener_(listener), stop_(stop) {}

    void folder(const fs::path& path, int depth) {
        throwIfStopped(stop_);
        std::error_code failure;
        const fs::path real = fs::canonical(path, failure);
        if (failure || depth > deepest || !seen_.insert(real).second)
            return;
        if (path.filename().string().ends_with(".partial") && isThere(path / "recipe.json"))
            return refuse(path, Error(ErrorCode::notAModel)
                                    .because("it is an unfinished quantization; resume it on "
                                             "the page Quantize"));
        if (path.filename().string().ends_with(".writing"))
            return; // of a run that is about to finish
        if (isThere(path / "config.json") && holdsWeights(path))
            return open(path);
        std::vector<fs::path> entries;
        for (fs::directory_iterator it(path, failure), end; !failure && it != end;
             it.increment(failure))
            entries.push_back(it->path());
        std::ranges::sort(entries);
        for (const fs::path& entry : entries)
            visit(entry, depth);
    }

private:
    void visit(const fs::path& path, int depth) {
        const std::string name = path.filename().string();
        std::error_code ignored;
        if (name.starts_with("."))
            return;
        if (fs::is_directory(path, ignored))
            return folder(path, depth + 1);
        if (isPart(name))
            return refuse(path, Error(ErrorCode::notAModel)
                                    .because("it is one part of a split GGUF file; join the parts "
                                             "with llama-gguf-split --merge"));
        if (name.ends_with(".gguf"))
            return open(path);
        if (name.ends_with(".safetensors"))
            return refuse(
                path,
                Error(ErrorCode::notAModel).because("it lies in a folder without config.json"));
        if (name.ends_with(".bin") && name.starts_with("pytorch_model"))
            refuse(path, Error(ErrorCode::notAModel)
                             .because("its weights are PyTorch pickles, not safetensors"));
    }

    [[nodiscard]] static bool holdsWeights(const fs::path& path) {
        return isThere(path / "model.safetensors") ||
               isThere(path / "model.safetensors.index.json") ||
               isThere(path / "pytorch_model.bin") ||
               isThere(path / "pytorch_model.bin.index.json");
    }

    void open(const fs::path& path) {
        throwIfStopped(stop_);
        try {
            listener_.found(summarizeModel(path.string()));
        } catch (const Error& error) {
            refuse(path, error);
        }
    }

    void refuse(const fs::path& path, Error error) {
        if (error.file.empty())
            error.file = path.string();
        listener_.notListed({path.string(), std::move(error)});
    }

    const ScanListener& listener_;
    const std::stop_token& stop_;
    std::set<fs::path> seen_;
};

fs::path fromEnvironment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? fs::path(value) : fs::path();
}

} // namespace

void scanFolder(const fs::path& root, const ScanListener& listener, const std::stop_token& stop) {
    if (!isThere(root)) {
        listener.notListed({root.string(), Error(ErrorCode::notFound).in(root.string())});
        return;
    }
    Scan(listener, stop).folder(root, 0);
}

fs::path huggingFaceCache() {
    fs::path cache = fromEnvironment("HF_HUB_CACHE");
    if (cache.empty())
        if (const fs::path home = fromEnvironment("HF_HOME"); !home.empty())
            cache = home / "hub";
    if (cache.empty())
        cache = fromEnvironment("HOME") / ".cache/huggingface/hub";
    return isThere(cache) ? cache : fs::path();
}

} // namespace bwla
