// SPDX-License-Identifier: GPL-3.0-or-later
//
// What people choose by mistake, and files that random damage made: one clear sentence, never a
// crash.
#include "core/model/model_source.h"
#include "core/model/safetensors.h"
#include "core/model/tensor_names.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class BadModelTest : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> directory_;

    fs::path at(const std::string& name) const {
        return fs::path(directory_->path().toStdString()) / name;
    }
    fs::path write(const std::string& name, const std::string& bytes) const {
        std::ofstream(at(name), std::ios::binary) << bytes;
        return at(name);
    }
    static std::string read(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    /// Everything a user of the source may ask for.
    static void useAll(const fs::path& path) {
        const auto source = ModelSource::open(path);
        for (const ExpectedTensor& tensor : expectedTensors(source->config()))
            (void)source->tensor(tensor.name);
        (void)source->dtypes();
        (void)source->configJson();
        (void)source->fingerprint();
        (void)source->tokenizer();
        (void)source->companionFiles();
    }

    /// Bytes of `whole` below `limit` damaged in one of the ways disks, networks and people do it.
    static std::string damaged(std::string whole, std::size_t limit, std::mt19937& random) {
        const auto place = [&] { return random() % limit; };
        switch (random() % 5) {
        case 0:
            whole[place()] ^= static_cast<char>(1U << random() % 8);
            break;
        case 1:
            whole[place()] = static_cast<char>(random());
            break;
        case 2:
            whole.resize(place());
            break;
        case 3:
            whole.erase(place(), 1 + random() % 16);
            break;
        default:
            for (int i = 0; i < 8; ++i)
                whole[place()] = static_cast<char>(random() % 2 == 0 ? 0xFF : 0x00);
        }
        return whole;
    }

    /// Damaged files must load or throw an Error with a sentence that names a file.
    template<class Use>
    static bool survives(Use use, int& refused) {
        try {
            use();
        } catch (const Error& error) {
            ++refused;
            return !error.file.empty() && sentence(error).ends_with('.');
        } // anything else ends the test
        return true;
    }

private Q_SLOTS:
    void init() { directory_ = std::make_unique<QTemporaryDir>(); }

    void wrongChoices() {
        EXPECT_ERROR(ModelSource::open(at("absent")), notFound, "absent");
        EXPECT_ERROR(ModelSource::open(write("empty.gguf", "")), notAModel, "empty");
        EXPECT_ERROR(ModelSource::open(write("notes.txt", "Dear diary")), notAModel, "notes.txt");
        EXPECT_ERROR(
            ModelSource::open(write("image.png", "\x89PNG\r\n\x1a\n" + std::string(99, 0))),
            notAModel, "image.png");
        EXPECT_ERROR(ModelSource::open(write("GG", "GG")), notAModel, "GG");
        fs::create_directories(at("folder"));
        EXPECT_ERROR(ModelSource::open(at("folder")), notAModel, "config.json");
        EXPECT_ERROR(ModelSource::open(at("")), notAModel, "config.json");
    }

    void partOfAModelNamesTheWayOut() {
        writeTinyFolder(at("folder"));
        EXPECT_ERROR(ModelSource::open(at("folder/model.safetensors")), notAModel,
                     "choose the folder");
        EXPECT_ERROR(ModelSource::open(at("folder/config.json")), notAModel, "choose the folder");
        fs::remove(at("folder/model.safetensors"));
        EXPECT_ERROR(ModelSource::open(at("folder")), notAModel, "no safetensors");
    }

    void specialFilesDoNotHang() {
        QCOMPARE(::mkfifo(at("pipe.gguf").c_str(), 0600), 0);
        EXPECT_ERROR(ModelSource::open(at("pipe.gguf")), notFound, "regular file");
        EXPECT_ERROR(ModelSource::open("/dev/null"), notFound, "/dev/null");
        fs::create_symlink(at("nowhere"), at("link.gguf"));
        EXPECT_ERROR(ModelSource::open(at("link.gguf")), notFound, "link.gguf");
        fs::create_directories(at("circle"));
        fs::create_symlink("config.json", at("circle/config.json"));
        EXPECT_ERROR(ModelSource::open(at("circle")), notAModel, "circle");
        fs::create_symlink("round", at("round"));
        EXPECT_ERROR(ModelSource::open(at("round")), notFound, "round");
    }

    void unreadableFileSaysWhy() {
        if (::geteuid() == 0)
            QSKIP("root may read everything");
        fs::permissions(write("secret.gguf", "GGUF"), fs::perms::none);
        EXPECT_ERROR(ModelSource::open(at("secret.gguf")), notFound, "Permission denied");
    }

    void brokenConfigurationOfAFolder() {
        writeTinyFolder(at("folder"));
        write("folder/config.json", "{\"model_type\": ");
        EXPECT_ERROR(ModelSource::open(at("folder")), corrupt, "config.json");
        write("folder/config.json", "[1, 2]");
        EXPECT_ERROR(ModelSource::open(at("folder")), notAModel, "folder");
        write("folder/config.json", "{}");
        EXPECT_ERROR(ModelSource::open(at("folder")), corrupt, "architectures");
        write("folder/config.json", R"({"architectures":["GPT2LMHeadModel"]})");
        EXPECT_ERROR(ModelSource::open(at("folder")), unsupportedFamily, "GPT2LMHeadModel");
    }

    void everyTensorOfAFolderIsNeeded() {
        const TinyModel model;
        writeTinyFolder(at("folder"), model);
        const auto all = tinyTensors(model);
        for (const ExpectedTensor& victim : all) {
            std::vector<NamedTensor> rest;
            for (const ExpectedTensor& tensor : all)
                if (tensor.name != victim.name)
                    rest.push_back(floatTensor(tensor, tinyValues(tensor, model)));
            writeSafetensors(at("folder/model.safetensors"), rest);
            const auto error = errorOf([&] { return ModelSource::open(at("folder")); });
            QVERIFY(is(error, ErrorCode::missingTensor));
            QVERIFY(names(*error, victim.name));
        }
    }

    void wrongShapeAndTypeOfAFolderAreNamed() {
        const TinyModel model;
        writeTinyFolder(at("folder"), model);
        for (const bool wrongType : {false, true}) {
            std::vector<NamedTensor> tensors;
            for (const ExpectedTensor& tensor : tinyTensors(model)) {
                tensors.push_back(floatTensor(tensor, tinyValues(tensor, model)));
                NamedTensor& last = tensors.back();
                if (last.name != "model.layers.0.self_attn.o_proj.weight")
                    continue;
                if (wrongType)
                    last.type = DType::u32;
                else
                    last.shape = {24, 96};
            }
            writeSafetensors(at("folder/model.safetensors"), tensors);
            const auto error = errorOf([&] { return ModelSource::open(at("folder")); });
            QVERIFY(is(error, wrongType ? ErrorCode::unsupportedType : ErrorCode::badShape));
            QVERIFY(names(*error, "model.layers.0.self_attn.o_proj.weight"));
        }
    }

    void damagedGgufLoadsOrIsRefused() {
        TinyModel model;
        model.layers = 1;
        GgufBuilder builder = tinyGguf(DType::f16, model);
        const std::string whole = builder.bytes();
        const std::size_t header = builder.seams[builder.seams.size() - builder.tensors.size() - 1];
        std::mt19937 random(20261122);
        int refused = 0;
        for (int i = 0; i < 400; ++i) {
            const fs::path file = write("damaged.gguf", damaged(whole, header, random));
            QVERIFY2(survives([&] { useAll(file); }, refused), std::to_string(i).c_str());
        }
        QVERIFY(refused > 100); // the damage does reach the reader
    }

    void damagedSafetensorsLoadsOrIsRefused() {
        TinyModel model;
        model.layers = 1;
        writeTinyFolder(at("folder"), model);
        const fs::path file = at("folder/model.safetensors");
        const std::string whole = read(file);
        const auto header = static_cast<std::size_t>(SafetensorsFile::open(file).headerBytes());
        std::mt19937 random(20261123);
        int refused = 0;
        for (int i = 0; i < 400; ++i) {
            write("folder/model.safetensors", damaged(whole, header, random));
            QVERIFY2(survives([&] { useAll(at("folder")); }, refused), std::to_string(i).c_str());
        }
        QVERIFY(refused > 200);
    }

    void damagedJsonLoadsOrIsRefused() {
        TinyModel model;
        model.layers = 1;
        writeTinyFolder(at("folder"), model);
        std::mt19937 random(20261124);
        int refused = 0;
        for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
            const std::string whole = read(at("folder") / name);
            for (int i = 0; i < 150; ++i) {
                write(std::string("folder/") + name, damaged(whole, whole.size(), random));
                QVERIFY2(survives([&] { useAll(at("folder")); }, refused),
                         (name + std::to_string(i)).c_str());
            }
            write(std::string("folder/") + name, whole);
        }
        QVERIFY(refused > 200);
    }
};

QTEST_GUILESS_MAIN(BadModelTest)
#include "bad_model_test.moc"
