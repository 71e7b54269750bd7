"""Answers about the verification itself: programmes, criteria, outcomes, photographs, endings."""

from typing import Final

from sync.codes.codelist import Code, CodeList

END_REASONS: Final = "lokus_alasan_akhir"
"""The list of the `end` operation's reasons."""

OUTCOME: Final = (
    CodeList(
        "usulan_program",
        "Usulan SIKS-NG",
        "2022",
        (
            Code("pkh", "Program Keluarga Harapan (PKH)", "Family Hope Programme (PKH)", "PKH"),
            Code(
                "bpnt",
                "Bantuan Pangan Non Tunai/Sembako (BPNT)",
                "Non-cash food assistance (BPNT)",
                "BPNT",
            ),
            Code("bst", "Bantuan Sosial Tunai (BST)", "Cash social assistance (BST)", "BST"),
            Code(
                "non_bansos",
                "Masuk DTKS tanpa program",
                "Listed without a programme",
                "NON BANSOS",
            ),
            Code("pbi", "PBI-JKN", "Health insurance paid by the state (PBI-JKN)", "PBI"),
        ),
    ),
    CodeList(
        "kriteria_262_2022",
        "Kepmensos",
        "262/HUK/2022",
        (
            Code(
                "tempat_berteduh_tetap", "Tempat berteduh tetap", "Has a permanent shelter", "sk0"
            ),
            Code(
                "tinggal_bersama_keluarga_lain",
                "Tinggal bersama anggota keluarga lain (beda KK)",
                "Lives with relatives of another family card",
                "sk1",
            ),
            Code(
                "kepala_keluarga_bekerja",
                "Kepala keluarga/pengurus masih bekerja",
                "The head of the family or the carer still works",
                "sk2",
            ),
            Code(
                "khawatir_tidak_makan",
                "Khawatir/pernah tidak makan dalam setahun",
                "Worried about food or went without within a year",
                "sk3",
            ),
            Code(
                "pangan_lebih_separuh",
                "Pengeluaran pangan lebih dari separuh pengeluaran",
                "Food is more than half of the spending",
                "sk4",
            ),
            Code(
                "ada_pengeluaran_pakaian",
                "Ada pengeluaran pakaian dalam setahun",
                "Bought clothes within a year",
                "sk5",
            ),
            Code(
                "lantai_tanah_plesteran",
                "Lantai sebagian besar tanah/plesteran",
                "The floor is mostly earth or screed",
                "sk6",
            ),
            Code(
                "dinding_bambu_kawat_kayu",
                "Dinding sebagian besar bambu/kawat/kayu",
                "The walls are mostly bamboo, wire mesh or wood",
                "sk7",
            ),
            Code(
                "fasilitas_bab_sendiri", "Fasilitas BAB sendiri", "Has a latrine of its own", "sk8"
            ),
            Code(
                "penerangan_450_watt_bukan_listrik",
                "Penerangan PLN 450 watt/bukan listrik",
                "Lit by 450 watts of PLN or without electricity",
                "sk9",
            ),
        ),
    ),
    CodeList(
        "prelist_status_rumahtangga",
        "Prelist",
        "2019",
        (
            Code("ditemukan", "Ditemukan", "Found", "1"),
            Code("tidak_ditemukan", "Tidak ditemukan", "Not found", "2"),
            Code("data_ganda", "Data ganda", "Listed twice", "3"),
            Code("usulan_baru", "Usulan baru", "Newly proposed", "4"),
        ),
    ),
    CodeList(
        "prelist_alasan_tidak_ditemukan",
        "Prelist",
        "2019",
        (
            Code("pindah", "Pindah", "Moved", "1"),
            Code("meninggal", "Meninggal", "Died", "2"),
            Code("tidak_tahu", "Tidak tahu", "Nobody knows", "3"),
            Code(
                "alamat_tidak_ada",
                "Alamat tidak ada di desa/kelurahan setempat",
                "The address does not exist in this village",
                "4",
            ),
        ),
    ),
    CodeList(
        "prelist_apakah_mampu",
        "Prelist",
        "2019",
        (
            Code("mampu", "Ya, mampu", "Yes, has means", "1"),
            Code("tidak_mampu", "Tidak mampu", "No, has no means", "2"),
        ),
    ),
    CodeList(
        "dtks_tidak_layak",
        "Kepmensos",
        # The decree's full list was not found; these five are attested.
        "73/HUK/2024",
        (
            Code("alamat_tidak_ditemukan", "Alamat tidak ditemukan", "Address not found"),
            Code("nama_tidak_ditemukan", "Nama/penerima tidak ditemukan", "Person not found"),
            Code("meninggal", "Meninggal", "Died"),
            Code("asn_tni_polri", "ASN/TNI/Polri", "Civil servant, soldier or police officer"),
            Code(
                "anggota_keluarga_asn_tni_polri",
                "Anggota keluarga ASN/TNI/Polri",
                "Relative of a civil servant, soldier or police officer",
            ),
        ),
    ),
    CodeList(
        "verivali_hasil",
        "Verivali",
        "2019",
        (
            Code("selesai", "Selesai dicacah", "Interviewed", "1"),
            Code("tidak_ditemukan", "Rumah tangga tidak ditemukan", "Household not found", "2"),
            Code(
                "pindah",
                "Rumah tangga pindah/bangunan tidak ada",
                "Household moved or building gone",
                "3",
            ),
            Code(
                "bagian_rumah_tangga_lain",
                "Bagian dari rumah tangga di dokumen",
                "Part of another household on the list",
                "4",
            ),
            Code("menolak", "Responden menolak", "Respondent refused", "5"),
            Code("data_ganda", "Data ganda", "Listed twice", "6"),
        ),
    ),
    CodeList(
        "verivali_foto",
        "Verivali",
        "2019",
        (
            Code("ktp", "KTP", "Identity card", "F-KTP"),
            Code("kk", "Kartu keluarga", "Family card", "F-KK"),
            Code("responden", "Responden/kepala rumah tangga", "Respondent or head", "F-KRT"),
            Code("rumah", "Rumah tampak depan", "Front of the house", "F-RUMAH"),
            Code("atap", "Atap", "Roof", "F-ATAP"),
            Code("lantai", "Lantai", "Floor", "F-LANTAI"),
            Code("dinding", "Dinding", "Wall", "F-DINDING"),
            Code("dapur", "Dapur", "Kitchen", "F-DAPUR"),
            Code("jamban", "Jamban", "Latrine", "F-JAMBAN"),
        ),
    ),
    CodeList(
        END_REASONS,
        "Lokus",
        "1",
        (
            Code("meninggal", "Meninggal", "Died"),
            Code("pindah", "Pindah", "Moved away"),
            Code("ganda", "Tercatat dua kali", "Recorded twice"),
            Code("salah", "Salah catat", "Recorded by mistake"),
        ),
    ),
)
