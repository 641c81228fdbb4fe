"""The functions a definition may call. A new one of DuckDB stays refused until it is listed here.

Listed are functions whose value depends on their arguments alone: not on the clock, the session, chance, the thread, or
rows that the SELECT does not read. `hash` is left out because its values belong to a version of DuckDB, `age` because
with one argument it reads the clock.
"""

from __future__ import annotations


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


MOVING = listed(
    """
    now today current_date current_time current_timestamp current_localtime current_localtimestamp localtime
    localtimestamp get_current_time get_current_timestamp transaction_timestamp random rand setseed uuid
    gen_random_uuid uuidv4 uuidv7 nextval currval setval txid_current getvariable getenv current_setting ago
    current_user session_user user current_role current_database current_schema current_schemas current_catalog
    current_query current_query_id current_connection_id current_transaction_id in_search_path version
    """
)
"""Functions whose value differs from call to call: with them the same rows would not give the same features."""

SCALARS = listed(
    """
    abs acos acosh add asin asinh atan atan2 atanh bin bit_count cbrt ceil ceiling cos cosh cot degrees divide
    even exp factorial fdiv floor fmod gamma gcd greatest greatest_common_divisor isfinite isinf isnan lcm least
    least_common_multiple lgamma ln log log10 log2 mod multiply nextafter pi pow power radians round round_even
    roundbankers sign signbit sin sinh sqrt subtract tan tanh trunc xor ascii bar base64 bit_length char_length
    character_length chr concat concat_ws contains damerau_levenshtein decode editdist3 encode ends_with format
    formatreadabledecimalsize formatreadablesize format_bytes from_base64 from_binary from_hex hamming hex instr
    jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme len length length_grapheme
    levenshtein like_escape lower lpad ltrim md5 md5_number mismatches nfc_normalize not_like_escape
    ilike_escape not_ilike_escape octet_length ord overlay parse_dirname parse_dirpath parse_filename parse_path
    position prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array repeat replace reverse right right_grapheme rpad rtrim sha1 sha256
    split split_part starts_with str_split str_split_regex string_split string_split_regex string_to_array
    strip_accents strlen strpos substr substring substring_grapheme suffix to_base to_base64 to_binary to_hex
    translate trim ucase unbin unhex unicode upper url_decode url_encode regexp_like rlike century date_add
    date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek
    dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era extract hour isodow isoyear julian
    last_day make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond
    millennium millisecond minute month monthname nanosecond normalized_interval quarter second strftime
    strptime time_bucket timezone timezone_hour timezone_minute to_centuries to_days to_decades to_hours
    to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp
    to_weeks to_years try_strptime week weekday weekofyear year yearweek coalesce if ifnull nullif nvl nvl2 iff
    try typeof cast try_cast case switch constant_or_null enum_code enum_first enum_last enum_range array_aggr
    array_aggregate array_append array_apply array_cat array_concat array_contains array_cosine_distance
    array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product array_extract
    array_filter array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
    array_intersect array_length array_pop_back array_pop_front array_position array_prepend array_push_back
    array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select array_slice
    array_sort array_to_string array_transform array_unique array_value array_where array_zip aggregate apply
    filter flatten generate_series grade_up list_aggr list_aggregate list_append list_apply list_cat list_concat
    list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_extract list_filter list_first list_grade_up list_has list_has_all
    list_has_any list_indexof list_inner_product list_intersect list_last list_max list_median list_min list_avg
    list_sum list_bool_and list_bool_or list_string_agg list_pack list_position list_prepend list_product
    list_reduce list_resize list_reverse list_reverse_sort list_select list_slice list_sort list_transform
    list_unique list_value list_where list_zip range reduce unnest array list cardinality element_at map
    map_concat map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value
    map_from_entries map_keys map_values row struct struct_concat struct_contains struct_extract
    struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack struct_position
    struct_update struct_values union_extract union_tag union_value array_to_json from_json from_json_strict
    json json_array json_array_length json_contains json_exists json_extract json_extract_path
    json_extract_path_text json_extract_string json_keys json_merge_patch json_object json_quote json_structure
    json_transform json_transform_strict json_type json_valid json_value row_to_json to_json json_normalize
    json_strip_nulls bitstring bit_position get_bit set_bit uuid_extract_timestamp uuid_extract_version
    """
)
"""Scalar functions: pure, deterministic, of one row."""

SUMS = listed(
    """
    sum avg mean count_if countif
    """
)
"""Sums: exact and blind to row order over integers and decimals, never over doubles."""

BLIND = listed(
    """
    count count_star min max bool_and bool_or logical_and logical_or every median quantile quantile_cont
    quantile_disc bit_and bit_or bit_xor
    """
)
"""Aggregates that are exact whatever the order of the rows."""

PICKS = listed(
    """
    arg_max arg_min argmax argmin max_by min_by arg_max_null arg_min_null arg_max_nulls_last arg_min_nulls_last
    """
)
"""Aggregates that pick one row's value by an order given as an argument."""

LISTS = listed(
    """
    list array_agg string_agg group_concat listagg first last
    """
)
"""Aggregates whose value depends on the order of rows: they want ORDER BY inside."""

RANKS = listed(
    """
    row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value first last_value
    last nth_value
    """
)
"""Window functions; each needs an ORDER BY that leaves no ties."""

INEXACT = {
    "any_value": "MIN(x), or ARG_MIN(x, (order, key))",
    "arbitrary": "MIN(x), or ARG_MIN(x, (order, key))",
    "mode": "COUNT per value in a CTE and ARG_MAX(value, (n, value))",
    "stddev": "SUM and COUNT of decimals",
    "stddev_pop": "SUM and COUNT of decimals",
    "stddev_samp": "SUM and COUNT of decimals",
    "variance": "SUM and COUNT of decimals",
    "var_pop": "SUM and COUNT of decimals",
    "var_samp": "SUM and COUNT of decimals",
    "corr": "SUM of products of decimals",
    "approx_count_distinct": "COUNT(DISTINCT x)",
    "approx_quantile": "QUANTILE_CONT(x, 0.5)",
    "approx_top_k": "COUNT per value in a CTE",
    "reservoir_quantile": "QUANTILE_CONT(x, 0.5)",
    "favg": "AVG(CAST(x AS DECIMAL(18, 4)))",
    "fsum": "SUM(CAST(x AS DECIMAL(18, 4)))",
    "kahan_sum": "SUM(CAST(x AS DECIMAL(18, 4)))",
    "sumkahan": "SUM(CAST(x AS DECIMAL(18, 4)))",
    "product": "SUM of logarithms is no better: leave it out",
    "histogram": "COUNT per value in a CTE",
    "entropy": "COUNT per value in a CTE",
}
"""Aggregates whose value depends on the order of rows or on the threads, and what to write instead."""

AGGREGATES = SUMS | BLIND | PICKS | LISTS
MULTIPLICITY_BLIND = (
    listed(
        """
    min max bool_and bool_or logical_and logical_or every
    """
    )
    | PICKS
)
"""Aggregates that stay the same when a row comes twice."""
