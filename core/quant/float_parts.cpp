// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/float_parts.h"

#include "core/error.h"

#include <algorithm>
#include <charconv>

namespace bwla {
namespace {

[[noreturn]] void reject(const std::string& text) {
    throw Error(ErrorCode::badArgument).because(text);
}

/// A whole text as a block's number.
std::optional<std::int64_t> blockNumber(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

std::optional<GroupKind> groupNamed(std::string_view name) {
    const auto found = std::ranges::find(groups(), name, &InputGroup::name);
    return found == groups().end() ? std::nullopt : std::optional(found->kind);
}

KeptModule keptModule(std::string_view text) {
    const std::size_t colon = text.find(':');
    KeptModule module;
    module.block = blockNumber(text.substr(0, colon));
    module.group = groupNamed(colon == std::string_view::npos ? text : text.substr(colon + 1));
    const bool good = colon == std::string_view::npos ? module.block || module.group
                                                      : module.block && module.group;
    if (!good)
        reject("--keep: \"" + std::string(text) +
               "\" is neither a block (0), a group (attn_in, attn_out, mlp_in, mlp_out) nor a "
               "group of a block (0:attn_in).");
    return module;
}

std::string textOf(const KeptModule& module) {
    std::string text = module.block ? std::to_string(*module.block) : std::string();
    if (module.group)
        text.append(module.block ? ":" : "").append(group(*module.group).name);
    return text;
}

} // namespace

bool FloatParts::holds(std::int64_t block, GroupKind kind) const {
    if (layers && (block < layers->first || block > layers->second))
        return true;
    return std::ranges::any_of(kept, [&](const KeptModule& module) {
        return module.block.value_or(block) == block && module.group.value_or(kind) == kind;
    });
}

void FloatParts::check(std::int64_t blocks) const {
    const auto fits = [&](const std::string& option, std::int64_t block) {
        if (block >= blocks)
            reject(option + ": the model has no block " + std::to_string(block) + ", only 0 to " +
                   std::to_string(blocks - 1) + ".");
    };
    if (layers)
        fits("--layers " + layersText(), layers->second);
    for (const KeptModule& module : kept)
        fits("--keep " + textOf(module), module.block.value_or(0));
    for (std::int64_t block = 0; block < blocks; ++block)
        for (const InputGroup& g : groups())
            if (!holds(block, g.kind))
                return;
    reject("--keep and --layers leave nothing to quantize: leave something out of --keep.");
}

void FloatParts::setLayers(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = blockNumber(text.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? std::nullopt : blockNumber(text.substr(dash + 1));
    if (!first || !last || *first > *last)
        reject("--layers: \"" + std::string(text) +
               "\" is no range of blocks like 0-28, first to last.");
    layers = {*first, *last};
}

void FloatParts::setKept(std::string_view text) {
    kept.clear();
    for (std::size_t start = 0; start <= text.size() && !text.empty();) {
        const std::size_t end = std::min(text.find(',', start), text.size());
        kept.push_back(keptModule(text.substr(start, end - start)));
        start = end + 1;
    }
    std::ranges::sort(kept);
    const auto repeated = std::ranges::unique(kept);
    kept.erase(repeated.begin(), repeated.end());
}

std::string FloatParts::layersText() const {
    return layers ? std::to_string(layers->first) + "-" + std::to_string(layers->second)
                  : std::string();
}

std::string FloatParts::keptText() const {
    std::string text;
    for (const KeptModule& module : kept)
        text.append(text.empty() ? "" : ",").append(textOf(module));
    return text;
}

} // namespace bwla
