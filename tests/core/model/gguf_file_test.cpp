// SPDX-License-Identifier: GPL-3.0-or-later
//
// Hostile GGUF files: each defect has its own error, and the sentence names the culprit.
#include "core/model/gguf_file.h"
#include "core/model/model_source.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class GgufFileTest : public QObject {
    Q_OBJECT

private:
    QTemporaryDir directory_;
    fs::path path_;

    fs::path write(const std::string& bytes) {
        std::ofstream(path_, std::ios::binary) << bytes;
        return path_;
    }
    fs::path write(GgufBuilder builder) { return write(builder.bytes()); }

    /// Two tensors of 8 floats.
    static GgufBuilder twoTensors() {
        GgufBuilder file;
        file.text("general.architecture", "llama");
        file.tensors = {{"one", {8}, 0, std::string(32, 'a')},
                        {"two", {4, 2}, 0, std::string(32, 'b')}};
        return file;
    }

private Q_SLOTS:
    void init() { path_ = fs::path(directory_.path().toStdString()) / "victim.gguf"; }

    void readsTypedMetadata() {
        GgufBuilder builder = twoTensors();
        builder.u32("a.u32", 7);
        builder.u64("a.u64", 1ULL << 40U);
        builder.pair("a.i8", 1, GgufBuilder::plain<std::int8_t>(-3));
        builder.f32("a.f32", 0.5F);
        builder.boolean("a.bool", true);
        builder.texts("a.texts", {"x", "", "long text"});
        builder.integers("a.ints", {1, -2, 3});
        const GgufFile file = GgufFile::open(write(builder));
        const GgufMetadata& metadata = file.metadata();
        QCOMPARE(metadata.text("general.architecture"), std::optional<std::string>("llama"));
        QCOMPARE(metadata.integer("a.u32"), std::optional<std::int64_t>(7));
        QCOMPARE(metadata.integer("a.u64"), std::optional<std::int64_t>(std::int64_t{1} << 40));
        QCOMPARE(metadata.integer("a.i8"), std::optional<std::int64_t>(-3));
        QCOMPARE(metadata.number("a.f32"), std::optional<double>(0.5));
        QCOMPARE(metadata.number("a.u32"), std::optional<double>(7.0));
        QCOMPARE(metadata.boolean("a.bool"), std::optional<bool>(true));
        QCOMPARE(metadata.texts("a.texts").size(), std::size_t{3});
        QCOMPARE(metadata.integers("a.ints"), (std::vector<std::int64_t>{1, -2, 3}));
        QVERIFY(!metadata.integer("absent"));
        QVERIFY(metadata.texts("absent").empty());
        EXPECT_ERROR(metadata.integer("a.bool"), corrupt, "a.bool");
        EXPECT_ERROR(metadata.text("a.u32"), corrupt, "a.u32");
        EXPECT_ERROR(metadata.texts("a.ints"), corrupt, "a.ints");
    }

    void readsTensorsWithTheSlowestSideFirst() {
        const GgufFile file = GgufFile::open(write(twoTensors()));
        QCOMPARE(file.at("two").shape, (std::vector<std::int64_t>{2, 4}));
        QCOMPARE(file.at("two").bytes.size(), std::size_t{32});
        QCOMPARE(static_cast<char>(file.at("two").bytes[0]), 'b');
        EXPECT_ERROR(file.at("three"), missingTensor, "three");
    }

    void honoursTheAlignment() {
        GgufBuilder builder = twoTensors();
        builder.alignment = 64;
        builder.u32("general.alignment", 64);
        QCOMPARE(static_cast<char>(GgufFile::open(write(builder)).at("two").bytes[0]), 'b');
    }

    /// Cut at every seam between two structures and one byte to either side of it.
    void truncationAtEverySeamIsNoticed() {
        GgufBuilder builder = tinyGguf(DType::f16);
        const std::string whole = builder.bytes();
        (void)GgufFile::open(write(whole));
        for (const std::size_t seam : builder.seams)
            for (const std::size_t size : {seam - 1, seam, seam + 1}) {
                if (size >= whole.size() - 32) // nothing but padding is missing there
                    continue;
                const auto error =
                    errorOf([&] { return GgufFile::open(write(whole.substr(0, size))); });
                QVERIFY2(error, std::to_string(size).c_str());
                QVERIFY(error->code == ErrorCode::truncated ||
                        (size < 4 && error->code == ErrorCode::notAModel));
                QVERIFY(names(*error, "victim.gguf"));
            }
    }

    void truncatedTensorSaysWhatIsThere() {
        const std::string whole = twoTensors().bytes();
        const auto error =
            errorOf([&] { return GgufFile::open(write(whole.substr(0, whole.size() - 8))); });
        QVERIFY(is(error, ErrorCode::truncated));
        QCOMPARE(error->tensor, std::string("two"));
        QCOMPARE(error->expected, std::int64_t{32});
        QCOMPARE(error->found, std::int64_t{24});
    }

    void otherMagicOrVersion() {
        GgufBuilder builder = twoTensors();
        builder.magic = "GGML";
        EXPECT_ERROR(GgufFile::open(write(builder)), notAModel, "victim.gguf");
        builder = twoTensors();
        builder.version = 4;
        EXPECT_ERROR(GgufFile::open(write(builder)), unsupportedVersion, "version 4");
        builder.version = 1;
        EXPECT_ERROR(GgufFile::open(write(builder)), unsupportedVersion, "version 1");
        builder.version = 0x03000000;
        EXPECT_ERROR(GgufFile::open(write(builder)), notAModel, "big-endian");
    }

    void hugeCounts() {
        GgufBuilder builder = twoTensors();
        builder.tensorCountLie = std::uint64_t{1} << 60U;
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge,
                     "tensor count of 1152921504606846976");
        builder = twoTensors();
        builder.pairCountLie = std::uint64_t{1} << 60U;
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "metadata count");
        builder = twoTensors();
        builder.tensorCountLie = 90'000; // within the limit, but not in the file
        EXPECT_ERROR(GgufFile::open(write(builder)), truncated, "victim.gguf");
    }

    void hugeTextsAndLists() {
        const auto length = GgufBuilder::plain(std::uint64_t{1} << 63U);
        GgufBuilder builder = twoTensors();
        builder.pair("text", 8, length);
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "text length");
        builder = twoTensors();
        builder.pair("list", 9, GgufBuilder::plain<std::uint32_t>(4) + length);
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "list length");
        builder = twoTensors(); // allowed, but 64 MB are not there: no room may be made for them
        builder.pair("list", 9,
                     GgufBuilder::plain<std::uint32_t>(10) +
                         GgufBuilder::plain<std::uint64_t>(1 << 23));
        EXPECT_ERROR(GgufFile::open(write(builder)), truncated, "victim.gguf");
        builder = twoTensors();
        builder.tensors[0].name = std::string(5000, 'n');
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "tensor name");
    }

    void brokenMetadata() {
        GgufBuilder builder = twoTensors();
        builder.u32("general.architecture", 1);
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "general.architecture");
        builder = twoTensors();
        builder.pair("odd", 77, "");
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "77");
        builder = twoTensors();
        builder.pair("nested", 9,
                     GgufBuilder::plain<std::uint32_t>(9) + GgufBuilder::plain<std::uint64_t>(1));
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "type 9");
        builder = twoTensors();
        builder.pair("truth", 7, "\x02");
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "truth value");
        builder = twoTensors();
        builder.u32("general.alignment", 24);
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "general.alignment");
        builder = twoTensors();
        builder.u32("general.alignment", 0);
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "general.alignment");
    }

    void textsMustBeUtf8() {
        GgufBuilder builder = twoTensors();
        builder.text("general.name", "caf\xE9");
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "UTF-8");
        builder = twoTensors();
        builder.text("caf\xE9", "name");
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "UTF-8");
        builder = twoTensors();
        builder.tensors[0].name = "\xED\xA0\x80"; // half of a surrogate pair
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "UTF-8");
    }

    void brokenShapes() {
        GgufBuilder builder = twoTensors();
        builder.tensors[1].sides = {std::uint64_t{1} << 32U, std::uint64_t{1} << 32U};
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "two");
        builder.tensors[1].sides = {UINT64_MAX, 2};
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "dimension");
        builder.tensors[1].sides = {1, 1, 1, 1, 8};
        EXPECT_ERROR(GgufFile::open(write(builder)), tooLarge, "two");
        builder.tensors[1].sides = {};
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "two");
        builder.tensors[1].sides = {0, 8};
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "two");
        builder.tensors[1].sides = {1ULL << 40U}; // fits 64 bits, not the file
        EXPECT_ERROR(GgufFile::open(write(builder)), truncated, "two");
    }

    void brokenTypes() {
        GgufBuilder builder = twoTensors();
        builder.tensors[1].type = 12;
        EXPECT_ERROR(GgufFile::open(write(builder)), unsupportedType, "Q4_K");
        QVERIFY(names(*errorOf([&] { return GgufFile::open(path_); }), "two"));
        builder.tensors[1].type = 41;
        EXPECT_ERROR(GgufFile::open(write(builder)), unsupportedType, "Q1_0");
        builder.tensors[1].type = 4711;
        EXPECT_ERROR(GgufFile::open(write(builder)), unsupportedType, "4711");
        builder.tensors[1].type = 3; // Q4_1 wants rows of 32
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "Q4_1");
    }

    void overlapsHolesAndStrayBytes() {
        GgufBuilder builder = twoTensors();
        builder.tensors[1].offsetLie = 0;
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "overlap");
        builder.tensors[1].offsetLie = 64;
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "hole");
        builder.tensors[1].offsetLie = 33;
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "aligned");
        builder.tensors[1].offsetLie = std::uint64_t{1} << 62U;
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "two");
        builder = twoTensors();
        EXPECT_ERROR(GgufFile::open(write(builder.bytes() + std::string(64, 'x'))), corrupt,
                     "bytes follow");
        builder.tensors[1].name = "one";
        EXPECT_ERROR(GgufFile::open(write(builder)), corrupt, "one");
    }

    void everyTensorOfTheModelIsNeeded() {
        const GgufBuilder sound = tinyGguf(DType::f16);
        for (std::size_t i = 0; i < sound.tensors.size(); ++i) {
            GgufBuilder builder = sound;
            const std::string name = sound.tensors[i].name;
            builder.tensors.erase(builder.tensors.begin() + static_cast<std::ptrdiff_t>(i));
            const auto error = errorOf([&] { return ModelSource::open(write(builder)); });
            QVERIFY(is(error, ErrorCode::missingTensor));
            QVERIFY(names(*error, name));
        }
    }

    void shapesMustFitTheConfiguration() {
        GgufBuilder builder = tinyGguf(DType::f16);
        for (GgufBuilder::Tensor& tensor : builder.tensors)
            if (tensor.name == "blk.1.ffn_up.weight")
                std::swap(tensor.sides[0], tensor.sides[1]);
        EXPECT_ERROR(ModelSource::open(write(builder)), badShape,
                     "model.layers.1.mlp.up_proj.weight");
    }
};

QTEST_GUILESS_MAIN(GgufFileTest)
#include "gguf_file_test.moc"
