// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/artifact_config.h"

#include "core/error.h"
#include "core/model/tensor_names.h"

#include <algorithm>
#include <set>

namespace bwla {
namespace {

std::size_t at(const InputGroup& group) {
    return static_cast<std::size_t>(group.kind);
}

Json factorsJson(const ArtifactConfig& config) {
    Json factors = Json::object();
    for (const InputGroup& g : groups()) {
        const auto [first, second] = config.factors[at(g)];
        factors[std::string(g.name)] = first == 0 ? Json(nullptr) : Json::array({first, second});
    }
    return factors;
}

/// By group one number where all layers agree, else one a layer.
template<class Lists>
Json numbersJson(const Lists& lists) {
    Json numbers = Json::object();
    for (const InputGroup& g : groups()) {
        const auto& list = lists[at(g)];
        const bool same = std::ranges::all_of(list, [&](auto number) { return number == list[0]; });
        numbers[std::string(g.name)] = same && !list.empty() ? Json(list[0]) : Json(list);
    }
    return numbers;
}

Json activationJson(const ArtifactConfig& config) {
    Json activation = {{"bits", config.activationBits}, {"granularity", "token"}};
    if (!config.groupBits.front().empty())
        activation["groups"] = numbersJson(config.groupBits);
    return activation;
}

/// The tables, and every linear that is kept in float under its own name.
Json unconverted(const ArtifactConfig& config) {
    Json names = Json::array({"model.embed_tokens"});
    if (!config.tiedHead)
        names.insert(names.begin(), "lm_head");
    const auto layers = static_cast<std::int64_t>(config.kept.front().size());
    for (std::int64_t layer = 0; layer < layers; ++layer)
        for (const InputGroup& g : groups())
            for (int i = 0; config.isKept(layer, g.kind) && i < std::ssize(g.linears); ++i)
                names.push_back(moduleName(layer, g.kind, i));
    return names;
}

class Reader {
public:
    Reader(const JsonObject& config, std::int64_t layers) : config_(config), layers_(layers) {}

    [[nodiscard]] ArtifactConfig read() const {
        const JsonObject quantization = member(config_, "quantization_config");
        checkVersion(quantization);
        if (quantization.requiredText("quant_method") != "bwla")
            quantization.refuse("quant_method", "is not bwla");
        if (quantization.requiredInteger("bits") != 1)
            quantization.refuse("bits", "of quantization_config is not 1");
        ArtifactConfig result;
        const JsonObject activation = member(quantization, "activation");
        result.activationBits = activationBits(activation);
        if (activation.find("groups") != nullptr)
            readGroupBits(member(activation, "groups"), result);
        readFactors(member(quantization, "transform"), result);
        const JsonObject lowRank = member(quantization, "low_rank");
        for (const InputGroup& g : groups())
            result.ranks[at(g)] = numbers(lowRank, g, "low_rank", "rank");
        readKept(quantization, result);
        const JsonObject calibration = member(quantization, "calibration");
        result.calibration = calibration.requiredText("source");
        result.calibrationTokens = calibration.requiredInteger("tokens");
        result.recipeHash = quantization.requiredText("recipe_hash");
        if (const Json* recipe = quantization.find("recipe"))
            result.recipe = *recipe;
        readHashes(result);
        return result;
    }

private:
    [[nodiscard]] static JsonObject member(const JsonObject& object, const char* key) {
        const Json* value = object.find(key);
        if (value == nullptr || !value->is_object())
            object.refuse(key, "is missing");
        return {*value, object.file()};
    }

    static void checkVersion(const JsonObject& quantization) {
        const std::int64_t version = quantization.requiredInteger("version");
        if (version != artifactVersion)
            throw Error(ErrorCode::unsupportedVersion)
                .in(quantization.file().string())
                .wanted(artifactVersion)
                .got(version);
    }

    [[nodiscard]] static int activationBits(const JsonObject& activation) {
        if (activation.requiredText("granularity") != "token")
            activation.refuse("granularity", "of the activations is not token");
        const std::int64_t bits = activation.requiredInteger("bits");
        if (!soundBits(bits))
            activation.refuse("bits", "of the activations are neither 2 to 8 nor 16");
        return static_cast<int>(bits);
    }

    static bool soundBits(std::int64_t bits) { return bits == 16 || (bits >= 2 && bits <= 8); }

    void readGroupBits(const JsonObject& all, ArtifactConfig& result) const {
        for (const InputGroup& g : groups())
            for (const std::int64_t bits : numbers(all, g, "groups of activation", "number")) {
                if (!soundBits(bits))
                    all.refuse(std::string(g.name).c_str(),
                               "of the activations has bits that are neither 2 to 8 nor 16");
                result.groupBits[at(g)].push_back(static_cast<int>(bits));
            }
    }

    static void readFactors(const JsonObject& transform, ArtifactConfig& result) {
        if (transform.requiredText("kind") != "kronecker")
            transform.refuse("kind", "of the transform is not kronecker");
        const JsonObject factors = member(transform, "factors");
        const Json& all = *transform.find("factors");
        for (const InputGroup& g : groups()) {
            const std::string name(g.name);
            if (!all.contains(name))
                factors.refuse(name.c_str(), "is missing in the factors of the transform");
            const Json& pair = all.at(name);
            if (pair.is_null())
                continue;
            if (!pair.is_array() || pair.size() != 2 || !sound(pair[0], 1) || !sound(pair[1], 1))
                factors.refuse(name.c_str(), "of the transform is no pair of factors");
            result.factors[at(g)] = {pair[0].get<std::int64_t>(), pair[1].get<std::int64_t>()};
        }
    }

    /// A group's numbers, one for each layer, of an entry that has one for all or a list.
    [[nodiscard]] std::vector<std::int64_t> numbers(const JsonObject& entry, const InputGroup& g,
                                                    const std::string& where,
                                                    const std::string& what) const {
        const std::string name(g.name);
        const Json* value = entry.find(name.c_str());
        if (value == nullptr)
            entry.refuse(name.c_str(), "is missing in " + where);
        std::vector<std::int64_t> list;
        if (sound(*value, 0))
            list.assign(static_cast<std::size_t>(layers_), value->get<std::int64_t>());
        else if (value->is_array() &&
                 std::ranges::all_of(*value, [](const Json& one) { return sound(one, 0); }))
            list = value->get<std::vector<std::int64_t>>();
        if (list.size() != static_cast<std::size_t>(layers_))
            entry.refuse(name.c_str(), "of " + where + " does not give every layer a " + what);
        return list;
    }

    void readKept(const JsonObject& quantization, ArtifactConfig& result) const {
        constexpr const char* key = "modules_to_not_convert";
        const Json* list = quantization.find(key);
        if (list == nullptr || !list->is_array() ||
            !std::ranges::all_of(*list, [](const Json& name) { return name.is_string(); }))
            quantization.refuse(key, "is no list of names");
        auto names = list->get<std::set<std::string>>();
        for (const char* table : {"model.embed_tokens", "lm_head"})
            names.erase(table);
        for (std::int64_t layer = 0; layer < layers_; ++layer)
            for (const InputGroup& g : groups()) {
                std::size_t found = 0;
                for (int i = 0; i < std::ssize(g.linears); ++i)
                    found += names.erase(moduleName(layer, g.kind, i));
                if (found != 0 && found != g.linears.size())
                    quantization.refuse(key, "names some linears of " + layerPrefix(layer) +
                                                 std::string(g.name) + " and not the others");
                result.kept[at(g)].push_back(found != 0);
                if (found != 0 && result.ranks[at(g)][static_cast<std::size_t>(layer)] != 0)
                    quantization.refuse(key, "names " + layerPrefix(layer) + std::string(g.name) +
                                                 ", which low_rank gives a rank");
            }
        if (!names.empty())
            quantization.refuse(key, "names " + *names.begin() + ", which this model has not");
    }

    void readHashes(ArtifactConfig& result) const {
        const JsonObject hashes = member(config_, "tensor_xxh3_128");
        for (const auto& [name, hash] : config_.find("tensor_xxh3_128")->items()) {
            if (!hash.is_string())
                hashes.refuse(name.c_str(), "has no checksum");
            result.hashes[name] = hash.get<std::string>();
        }
    }

    /// An integer from `least` to 2^24: products of two fit 64 bits.
    [[nodiscard]] static bool sound(const Json& value, std::uint64_t least) {
        return value.is_number_unsigned() && value.get<std::uint64_t>() >= least &&
               value.get<std::uint64_t>() <= 1U << 24U;
    }

    const JsonObject& config_;
    std::int64_t layers_;
};

} // namespace

Json ArtifactConfig::toJson(const Json& base) const {
    const Json quantization = {
        {"quant_method", "bwla"},
        {"version", artifactVersion},
        {"bits", 1},
        {"activation", activationJson(*this)},
        {"transform", {{"kind", "kronecker"}, {"factors", factorsJson(*this)}}},
        {"low_rank", numbersJson(ranks)},
        {"modules_to_not_convert", unconverted(*this)},
        {"calibration", {{"source", calibration}, {"tokens", calibrationTokens}}},
        {"recipe", recipe},
        {"recipe_hash", recipeHash}};
    return {{"model_type", "bwla"},
            {"architectures", Json::array({"BwlaForCausalLM"})},
            {"base_config", base},
            {"quantization_config", quantization},
            {"tensor_xxh3_128", hashes}};
}

ArtifactConfig ArtifactConfig::fromJson(const JsonObject& config, std::int64_t layers) {
    return Reader(config, layers).read();
}

} // namespace bwla
