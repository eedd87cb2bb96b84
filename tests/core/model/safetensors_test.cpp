// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/safetensors.h"
#include "core/model/safetensors_folder.h"
#include "expect_error.h"
#include "gguf_builder.h"

#include <QTemporaryDir>
#include <QTest>

#include <cstring>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class SafetensorsTest : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> directory_;

    fs::path at(const std::string& name) const {
        return fs::path(directory_->path().toStdString()) / name;
    }
    /// A file of this header text and as many data bytes.
    fs::path write(const std::string& header, std::size_t dataBytes) const {
        std::ofstream(at("victim.safetensors"), std::ios::binary)
            << GgufBuilder::sized(header) << std::string(dataBytes, 'd');
        return at("victim.safetensors");
    }
    static NamedTensor tensor(const std::string& name, DType type, std::vector<std::int64_t> shape,
                              const std::string& bytes) {
        NamedTensor result{name, type, std::move(shape), {}};
        for (const char byte : bytes)
            result.bytes.push_back(static_cast<std::byte>(byte));
        return result;
    }

private Q_SLOTS:
    void init() { directory_ = std::make_unique<QTemporaryDir>(); }

    void givesBackWhatWasWritten() {
        const std::vector<NamedTensor> tensors{
            tensor("z", DType::f32, {2, 3}, "abcdefghijklmnopqrstuvwx"),
            tensor("a", DType::i8, {5}, "12345"),
            tensor("empty", DType::f16, {0, 4}, ""),
            tensor("scalar", DType::u32, {}, "WXYZ"),
            tensor("b\"\\\n\xC3\xA4", DType::bf16, {1}, "!?"),
        };
        writeSafetensors(at("t.safetensors"), tensors, {{"format", "pt"}});
        const SafetensorsFile file = SafetensorsFile::open(at("t.safetensors"));
        QCOMPARE(file.tensors().size(), tensors.size());
        for (const NamedTensor& wanted : tensors) {
            const TensorView& found = file.at(wanted.name);
            QCOMPARE(found.type, wanted.type);
            QCOMPARE(found.shape, wanted.shape);
            QVERIFY(std::equal(found.bytes.begin(), found.bytes.end(), wanted.bytes.begin(),
                               wanted.bytes.end()));
        }
        QCOMPARE(file.metadata().at("format"), std::string("pt"));
        QCOMPARE(file.headerBytes() % 8, std::int64_t{0});
        QVERIFY(!fs::exists(at("t.safetensors.tmp")));
        EXPECT_ERROR(file.at("nothing"), missingTensor, "nothing");
    }

    void viewsOutliveTheFirstCopyOfTheFile() {
        writeSafetensors(at("t.safetensors"), {tensor("a", DType::i8, {3}, "xyz")});
        auto file = std::make_unique<SafetensorsFile>(SafetensorsFile::open(at("t.safetensors")));
        const SafetensorsFile copy = *file;
        file.reset();
        fs::remove(at("t.safetensors")); // the mapping stays
        QCOMPARE(static_cast<char>(copy.at("a").bytes[2]), 'z');
    }

    void rewritingKeepsMappedBytes() {
        writeSafetensors(at("t.safetensors"), {tensor("a", DType::i8, {3}, "old")});
        const SafetensorsFile file = SafetensorsFile::open(at("t.safetensors"));
        writeSafetensors(at("t.safetensors"), {tensor("a", DType::i8, {3}, "new")});
        QCOMPARE(static_cast<char>(file.at("a").bytes[0]), 'o');
    }

    void equalInputGivesEqualBytes() {
        const std::vector<NamedTensor> tensors{tensor("b", DType::i8, {1}, "1"),
                                               tensor("a", DType::i8, {1}, "2")};
        writeSafetensors(at("1"), tensors);
        writeSafetensors(at("2"), tensors);
        std::ifstream one(at("1"), std::ios::binary), two(at("2"), std::ios::binary);
        QCOMPARE(std::string(std::istreambuf_iterator<char>(one), {}),
                 std::string(std::istreambuf_iterator<char>(two), {}));
    }

    void hostileHeaders_data() {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<int>("dataBytes");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("culprit");
        const auto row = [](const char* name, const char* header, int bytes, ErrorCode code,
                            const char* culprit) {
            QTest::newRow(name) << QByteArray(header) << bytes << static_cast<int>(code) << culprit;
        };
        const auto one = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
        row("cut data", one, 7, ErrorCode::truncated, "a");
        row("stray byte", one, 9, ErrorCode::corrupt, "bytes follow");
        row("not JSON", R"({"a":)", 0, ErrorCode::corrupt, "JSON");
        row("a list", "[]", 0, ErrorCode::corrupt, "object");
        row("no UTF-8", "{\"\xFF\":{}}", 0, ErrorCode::corrupt, "JSON");
        row("name twice",
            R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})",
            1, ErrorCode::corrupt, "twice");
        row("no dtype", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8, ErrorCode::corrupt, "a");
        row("tensor is a number", R"({"a":7})", 0, ErrorCode::corrupt, "a");
        row("dtype is a number", R"({"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}})", 8,
            ErrorCode::corrupt, "dtype");
        row("other dtype", R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", 8,
            ErrorCode::unsupportedType, "F64");
        row("wrong size", R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})", 8,
            ErrorCode::corrupt, "4 bytes");
        row("negative side", R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8,
            ErrorCode::corrupt, "shape");
        row("fractional side", R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8,
            ErrorCode::corrupt, "shape");
        row("product overflows",
            R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
            ErrorCode::tooLarge, "a");
        row("side overflows",
            R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8,
            ErrorCode::tooLarge, "shape");
        row("bytes overflow",
            R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0,
            ErrorCode::tooLarge, "a");
        row("number too long", R"({"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}})", 8,
            ErrorCode::corrupt, "JSON");
        row("backwards", R"({"a":{"dtype":"I8","shape":[0],"data_offsets":[8,0]}})", 8,
            ErrorCode::corrupt, "range");
        row("three offsets", R"({"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8,8]}})", 8,
            ErrorCode::corrupt, "range");
        row("far away",
            R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}})",
            1, ErrorCode::corrupt, "hole");
        row("overlap",
            R"({"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[8],"data_offsets":[4,12]}})",
            12, ErrorCode::corrupt, "b");
        row("same bytes",
            R"({"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}})",
            8, ErrorCode::corrupt, "overlap");
        row("hole",
            R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[4],"data_offsets":[8,12]}})",
            12, ErrorCode::corrupt, "hole");
        row("hole at the start", R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}})", 8,
            ErrorCode::corrupt, "hole");
        row("metadata no object", R"({"__metadata__":3})", 0, ErrorCode::corrupt, "__metadata__");
        row("metadata no text", R"({"__metadata__":{"x":3}})", 0, ErrorCode::corrupt, "x");
        row("many sides",
            R"({"a":{"dtype":"I8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1,
            ErrorCode::corrupt, "shape");
    }
    void hostileHeaders() {
        QFETCH(QByteArray, header);
        QFETCH(int, dataBytes);
        QFETCH(int, code);
        QFETCH(QString, culprit);
        const auto error = errorOf([&] {
            return SafetensorsFile::open(
                write(header.toStdString(), static_cast<std::size_t>(dataBytes)));
        });
        QVERIFY(is(error, static_cast<ErrorCode>(code)));
        QVERIFY(names(*error, culprit.toStdString()));
        QVERIFY(names(*error, "victim.safetensors"));
    }

    void deeplyNestedHeaderIsAnErrorAndNoStackOverflow() {
        const std::string deep(200'000, '[');
        EXPECT_ERROR(SafetensorsFile::open(write(deep, 0)), corrupt, "JSON");
        EXPECT_ERROR(
            SafetensorsFile::open(write("{\"a\":" + deep + std::string(deep.size(), ']') + "}", 0)),
            corrupt, "a");
    }

    void headerLengthIsChecked() {
        const auto raw = [&](const std::string& bytes) {
            std::ofstream(at("victim.safetensors"), std::ios::binary) << bytes;
            return at("victim.safetensors");
        };
        EXPECT_ERROR(SafetensorsFile::open(raw("")), truncated, "victim");
        EXPECT_ERROR(SafetensorsFile::open(raw("1234567")), truncated, "victim");
        EXPECT_ERROR(SafetensorsFile::open(raw(GgufBuilder::plain(UINT64_MAX))), tooLarge,
                     "header length");
        EXPECT_ERROR(SafetensorsFile::open(raw(GgufBuilder::plain<std::uint64_t>(100'000'001))),
                     tooLarge, "100000001");
        EXPECT_ERROR(SafetensorsFile::open(raw(GgufBuilder::plain<std::uint64_t>(10) + "{}")),
                     truncated, "victim");
        EXPECT_ERROR(SafetensorsFile::open(at("absent")), notFound, "absent");
    }

    void diskFullIsSaidAndNothingIsLeft() {
        fs::create_symlink("/dev/full", at("t.safetensors.tmp"));
        const auto tensors = {tensor("a", DType::i8, {4}, "data")};
        EXPECT_ERROR((writeSafetensors(at("t.safetensors"), tensors), 0), diskFull,
                     "t.safetensors");
        QVERIFY(!fs::exists(at("t.safetensors")));
        QVERIFY(!fs::exists(fs::symlink_status(at("t.safetensors.tmp"))));
    }

    void unwritableFolderIsSaid() {
        EXPECT_ERROR((writeSafetensors(at("absent/t.safetensors"), {}), 0), writeFailed,
                     "absent/t.safetensors");
    }

    void shardsAreSeenAsOne() {
        writeSafetensors(at("one.safetensors"), {tensor("a", DType::i8, {1}, "1")});
        writeSafetensors(at("two.safetensors"), {tensor("b", DType::i8, {1}, "2")});
        const auto index = [&](const char* map) {
            std::ofstream(at("model.safetensors.index.json"))
                << R"({"metadata":{},"weight_map":)" << map << "}";
        };
        index(R"({"a":"one.safetensors","b":"two.safetensors"})");
        const SafetensorsFolder folder = SafetensorsFolder::open(at(""));
        QCOMPARE(folder.files().size(), std::size_t{2});
        QCOMPARE(folder.holders().size(), std::size_t{2});

        index(R"({"a":"one.safetensors","b":"three.safetensors"})");
        EXPECT_ERROR(SafetensorsFolder::open(at("")), notFound, "three.safetensors");
        index(R"({"a":"one.safetensors","b":"one.safetensors"})");
        EXPECT_ERROR(SafetensorsFolder::open(at("")), missingTensor, "Tensor b");
        index(R"({"a":"../one.safetensors"})");
        EXPECT_ERROR(SafetensorsFolder::open(at("")), corrupt, "leads out");
        index(R"({"a":7})");
        EXPECT_ERROR(SafetensorsFolder::open(at("")), corrupt, "weight_map");
        index("[]");
        EXPECT_ERROR(SafetensorsFolder::open(at("")), corrupt, "weight_map");
    }

    void folderWithoutSafetensorsSaysWhy() {
        EXPECT_ERROR(SafetensorsFolder::open(at("")), notAModel, "no safetensors");
        std::ofstream(at("pytorch_model.bin")) << "PK";
        EXPECT_ERROR(SafetensorsFolder::open(at("")), notAModel, "PyTorch");
    }
};

QTEST_GUILESS_MAIN(SafetensorsTest)
#include "safetensors_test.moc"
