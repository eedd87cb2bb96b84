// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <QWidget>

#include <functional>

class QGridLayout;
class QLabel;

namespace bwla::ui {

class FactorsForm;
class FloatPartsForm;
class NumberBox;

/// Every knob that the command line has, as fields in sections. Shows settings and edits them; a
/// change of the user's is told, one of setSettings() is not.
class AdvancedForm : public QWidget {
    Q_OBJECT

public:
    explicit AdvancedForm(QWidget* parent = nullptr);

    /// `config` gives the factors and prices their texts name.
    void setSettings(const QuantizeSettings& settings, const ModelConfig& config);
    /// `settings` with the fields' values; what has no field is kept.
    [[nodiscard]] QuantizeSettings applyTo(QuantizeSettings settings) const;
    /// Two columns of fields, or one.
    void setColumns(int columns);
    /// What the fields are called on the command line, in their order: "--okt-rounds".
    [[nodiscard]] QStringList options() const;

Q_SIGNALS:
    void edited();

private:
    using Counts = std::function<bool(const QuantizeSettings&)>;
    /// What a field is for and, where that depends, whether it counts beside the other settings.
    struct Words {
        QString name;
        QString help;
        Counts counts = {};
    };
    struct Field {
        QString option; ///< "--keep, --layers" where a field is for both
        QWidget* widget = nullptr;
        std::function<void(const QuantizeSettings&)> show;
        std::function<void(QuantizeSettings&)> read;
        QLabel* price = nullptr; ///< bits it costs, beside its name
        QWidget* head = nullptr; ///< name and price
        Counts counts = {};
    };
    struct Section {
        QLabel* title;
        QList<Field> fields;
    };

    void addActivations();
    void addRotation();
    void addSigns();
    void addLowRank();
    void addFloatParts();
    void addTraining();
    void addBlockTraining();
    void addRun();

    void addSection(const QString& title);
    void add(Field field, const Words& words);
    /// The box of a number; `special` stands for its least value.
    NumberBox* addNumber(const char* option, double step, const Words& words,
                         const QString& special = {}, QLabel* price = nullptr);
    /// `texts` in the order of choices<Choice>.
    template<class Choice>
    void addChoice(const char* option, Choice QuantizeSettings::*setting, const QStringList& texts,
                   const Words& words);
    void addIndex(const char* option, const QStringList& texts, const Words& words,
                  const std::function<int(const QuantizeSettings&)>& index,
                  const std::function<void(QuantizeSettings&, int)>& choose);
    void addOnOff(const char* option, bool QuantizeSettings::*setting, const Words& words);
    void tellEdited();
    void showPrices(const QuantizeSettings& settings, const ModelConfig& config);

    QList<Section> sections_;
    QGridLayout* grid_;
    FactorsForm* factors_ = nullptr;
    FloatPartsForm* inFloat_ = nullptr;
    NumberBox* klTokens_ = nullptr;
    QLabel *rankPrice_ = nullptr, *factorsPrice_ = nullptr;
    ModelConfig config_; ///< of the settings shown
    int columns_ = 0;
    bool setting_ = false;
};

} // namespace bwla::ui
